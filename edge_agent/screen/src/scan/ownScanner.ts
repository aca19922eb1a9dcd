/* The scanner that belongs to this screen: its beeps act here, and a badge that it reads logs in here. */
import { box } from "../api/box";
import { prefer } from "../preferences";

/** Raises Problem when the box does not pair them: that is for managers. */
export async function own(scanner: string | null): Promise<void> {
  if (scanner !== null) await box.pair(scanner);
  prefer({ scanner });
}
