/* Every flow of the screen: its name, its address, where it stands in the navigation, its view. */
import type { ComponentType } from "react";
import type { IconName } from "../parts/Icon";
import type { Words } from "../words/en";
import { Adjust } from "./Adjust";
import { Attention } from "./Attention";
import { Count } from "./Count";
import { Day } from "./Day";
import { GiveBack } from "./GiveBack";
import { Home } from "./Home";
import { Labels } from "./Labels";
import { Link } from "./Link";
import { LookUp } from "./LookUp";
import { More } from "./More";
import { Receive } from "./Receive";
import { Scanners } from "./Scanners";
import { Sell } from "./Sell";
import { Settings } from "./Settings";
import { SyncStatus } from "./SyncStatus";
import { Transfers } from "./Transfers";

export type Group = keyof Words["groups"];

export interface Flow {
  name: keyof Words["flows"];
  path: string;
  icon: IconName;
  group: Group | null;
  view: ComponentType<{ of: string }>;
}

export const GROUPS: readonly Group[] = ["counter", "goods", "shelf", "store"];

export const FLOWS: readonly Flow[] = [
  { name: "home", path: "", icon: "home", group: null, view: Home },
  { name: "sell", path: "sell", icon: "sell", group: "counter", view: Sell },
  { name: "giveBack", path: "return", icon: "giveBack", group: "counter", view: GiveBack },
  { name: "receive", path: "receive", icon: "receive", group: "goods", view: Receive },
  { name: "transfer", path: "transfer", icon: "transfer", group: "goods", view: Transfers },
  { name: "adjust", path: "adjust", icon: "adjust", group: "goods", view: Adjust },
  { name: "lookup", path: "lookup", icon: "lookup", group: "shelf", view: LookUp },
  { name: "count", path: "count", icon: "count", group: "shelf", view: Count },
  { name: "labels", path: "labels", icon: "labels", group: "shelf", view: Labels },
  { name: "attention", path: "attention", icon: "attention", group: "store", view: Attention },
  { name: "day", path: "day", icon: "day", group: "store", view: Day },
  { name: "sync", path: "sync", icon: "sync", group: "store", view: SyncStatus },
  { name: "scanners", path: "scanners", icon: "scanners", group: "store", view: Scanners },
  { name: "settings", path: "settings", icon: "settings", group: "store", view: Settings },
  { name: "more", path: "more", icon: "more", group: null, view: More },
  { name: "lookup", path: "link", icon: "labels", group: null, view: Link },
];

/** What a thumb reaches on a small screen. */
export const PRIMARY: readonly Flow[] = ["sell", "lookup", "receive", "count"].map((path) => flowOf(path));

/** The flow of an address; an address that is none leads to the start. */
export function flowOf(path: string): Flow {
  return FLOWS.find((flow) => flow.path === path) ?? (FLOWS[0] as Flow);
}
