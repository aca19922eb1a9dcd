/* A manager is asked: by a badge that is scanned, or by name and PIN. Closing it leaves everything as it was. */
import { box, type Credentials } from "../api/box";
import { Problem } from "../api/client";
import { useAsked } from "../approving";
import { Sheet } from "../parts/Sheet";
import { useWords } from "../words";
import { ProofForm } from "./ProofForm";

export function Approving() {
  const w = useWords();
  const asked = useAsked();
  if (!asked) return null;
  const { operation, settle } = asked;
  return (
    <Sheet title={w.approval.title} onClose={() => settle(null)}>
      <p className="lead">{w.approval.operations[operation] ?? w.approval.other}</p>
      <p className="hint">{w.approval.lead}</p>
      <ProofForm act={w.approval.act} onProof={async (who) => settle(await approvalOf(operation, who))} />
    </Sheet>
  );
}

async function approvalOf(operation: string, who: Credentials): Promise<string> {
  try {
    return (await box.approve(operation, who)).approval;
  } catch (error) {
    if (error instanceof Problem && error.code === "permission") throw new Problem("no_manager", error.status, error.detail);
    throw error;
  }
}
