/* The screen's beginning: look and language first, then who works here, then the shell. */
import { StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { hear } from "./api/live";
import { handIn } from "./keep/outbox";
import { dress } from "./preferences";
import { BeepProvider } from "./scan/Beeps";
import { begin, useSession } from "./session";
import { Approving } from "./shell/Approving";
import { LogIn } from "./shell/LogIn";
import { Shell } from "./shell/Shell";
import "./style/tokens.css";
import "./style/parts.css";
import "./style/shell.css";
import "./style/flows.css";

function Screen() {
  const session = useSession();
  useEffect(() => {
    void begin();
    return hear("resync", () => void handIn());
  }, []);
  if (session.state === "unknown") return null;
  return (
    <BeepProvider>
      {session.me !== null && <Shell />}
      {session.state === "in" ? <Approving /> : <LogIn />}
    </BeepProvider>
  );
}

dress();
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
const place = document.getElementById("screen");
if (place) createRoot(place).render(<StrictMode><Screen /></StrictMode>);
