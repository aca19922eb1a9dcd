/* What a person sets on this device; who is logged in, here and elsewhere; one's own PIN. */
import { useState } from "react";
import { Button, Card, Choice, Switch } from "../parts/controls";
import { Failed } from "../parts/Notice";
import { type Language, type Look, prefer, usePreferences } from "../preferences";
import { leave, useSession } from "../session";
import { LANGUAGES, useWords } from "../words";
import { LogIns } from "./LogIns";
import { OwnPin } from "./OwnPin";

const LOOKS: readonly Look[] = ["auto", "light", "dark"];

export function Settings() {
  const w = useWords();
  const preferences = usePreferences();
  const { me } = useSession();
  const [error, setError] = useState<unknown>(null);
  const languages = Object.entries(LANGUAGES).map(([value, words]) => ({ value: value as Language, text: words.name }));
  return (
    <>
      <Card title={w.settings.device}>
        <Choice label={w.settings.language} value={preferences.language} options={languages} onChange={(language) => prefer({ language })} />
        <Choice label={w.settings.look} value={preferences.look} options={LOOKS.map((value) => ({ value, text: w.settings.looks[value] }))} onChange={(look) => prefer({ look })} />
        <Switch label={w.settings.sound} isOn={preferences.sound} onChange={(sound) => prefer({ sound })} />
      </Card>
      <Card title={w.settings.person}>
        {me?.name && <p className="lead">{me.full_name || me.name}</p>}
        {error !== null && <Failed error={error} />}
        <Button icon="person" onClick={() => void leave().catch(setError)}>{w.settings.logOut}</Button>
      </Card>
      {me?.id && me.role !== "admin" && <OwnPin />}
      <LogIns />
      <a className="button quiet" href="/licenses.txt" target="_blank" rel="noopener">{w.settings.licenses}</a>
    </>
  );
}
