/* Turns the camera on; all that the camera needs is fetched only then. */
import { Component, type ReactNode, Suspense, lazy, useCallback, useState } from "react";
import { Problem } from "../api/client";
import { Icon } from "../parts/Icon";
import { Failed } from "../parts/Notice";
import { useWords } from "../words";

const Camera = lazy(() => import("./Camera"));

export function useCamera(): { button: ReactNode; view: ReactNode } {
  const w = useWords();
  const [isOn, setOn] = useState(false);
  const close = useCallback(() => setOn(false), []);
  return {
    button: (
      <button type="button" className="round" aria-label={w.camera.title} aria-pressed={isOn} onClick={() => setOn(!isOn)}>
        <Icon name="camera" />
      </button>
    ),
    view: isOn && (
      <Unloaded>
        <Suspense fallback={<p className="loading" role="status">{w.common.loading}</p>}>
          <Camera onClose={close} />
        </Suspense>
      </Unloaded>
    ),
  };
}

/** The box is away and the camera's part was never fetched, or another program of it runs now. */
class Unloaded extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override render(): ReactNode {
    return this.state.isBroken ? <Failed error={new Problem("no_reader", 0, "")} /> : this.props.children;
  }
}
