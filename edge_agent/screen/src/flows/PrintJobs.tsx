/* What was asked for on the printers: what waits and why, what is out, what may be out twice; and a way to stop it. */
import { useEffect, useState } from "react";
import { box } from "../api/box";
import type { Items, JobView } from "../api/views";
import { Button, Card } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { type Answer, Shown } from "../parts/answer";
import { useWords } from "../words";

const LOOK_EVERY_MS = 1_500;

export function PrintJobs({ answer }: { answer: Answer<Items<JobView>> }) {
  const w = useWords();
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const timer = setInterval(answer.again, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [answer.again]);
  const cancel = (id: string): void => {
    setError(null);
    void box.cancelJob(id).then(answer.again, setError);
  };
  return (
    <Shown answer={answer}>
      {({ items }) => items.length > 0 && (
        <Card title={w.labels.jobs}>
          {error !== null && <Failed error={error} />}
          <ul className="rows">{items.map((job) => <Job key={job.job} job={job} onCancel={() => cancel(job.job)} />)}</ul>
        </Card>
      )}
    </Shown>
  );
}

function Job({ job, onCancel }: { job: JobView; onCancel: () => void }) {
  const w = useWords();
  const isOpen = job.state === "waiting" || job.state === "printing";
  const tone = job.state === "printed" ? "good" : job.state === "failed" ? "refused" : isOpen && job.problem ? "doubtful" : "";
  const kind = w.labels.templates[job.template as keyof typeof w.labels.templates] ?? job.template;
  const name = job.name ?? w.common.product;
  return (
    <li className="row attention"><div>
      <span className="row-words">
        <span className="row-title">{job.products > 1 ? w.labels.andMore(name, job.products - 1) : name}</span>
        <span className="row-detail">{w.labels.of(job.labels, kind, job.printer)}</span>
        <span className={`state ${tone}`}>{w.labels.states[job.state] ?? job.state}{isOpen && job.sent > 0 && ` · ${w.labels.out(job.sent)}`}</span>
        {job.problem && <span className="row-detail">{w.labels.troubles[job.problem.code] ?? job.problem.detail}</span>}
        {job.doubled > 0 && <span className="row-detail">{w.labels.doubled(job.doubled)}</span>}
        <span className="row-detail">{[w.time(job.made_at), job.actor].filter(Boolean).join(" · ")}</span>
      </span>
      {isOpen && <Button icon="refused" onClick={onCancel}>{w.labels.stop}</Button>}
    </div></li>
  );
}
