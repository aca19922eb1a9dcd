/* Every flow of the screen: its name, its address, where it stands in the navigation, its view. */
import type { ComponentType } from "react";
import type { IconName } from "../parts/Icon";
import type { Permission } from "../session";
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
  /** Who lacks it is not offered the flow. */
  needs: Permission | null;
}

export const GROUPS: readonly Group[] = ["counter", "goods", "shelf", "store"];

export const FLOWS: readonly Flow[] = [
  { name: "home", path: "", icon: "home", group: null, view: Home, needs: null },
  { name: "sell", path: "sell", icon: "sell", group: "counter", view: Sell, needs: "stock.write" },
  { name: "giveBack", path: "return", icon: "giveBack", group: "counter", view: GiveBack, needs: "stock.write" },
  { name: "receive", path: "receive", icon: "receive", group: "goods", view: Receive, needs: "stock.write" },
  { name: "transfer", path: "transfer", icon: "transfer", group: "goods", view: Transfers, needs: "stock.write" },
  { name: "adjust", path: "adjust", icon: "adjust", group: "goods", view: Adjust, needs: "stock.write" },
  { name: "lookup", path: "lookup", icon: "lookup", group: "shelf", view: LookUp, needs: "stock.read" },
  { name: "count", path: "count", icon: "count", group: "shelf", view: Count, needs: "stock.write" },
  { name: "labels", path: "labels", icon: "labels", group: "shelf", view: Labels, needs: "stock.write" },
  { name: "attention", path: "attention", icon: "attention", group: "store", view: Attention, needs: "stock.read" },
  { name: "day", path: "day", icon: "day", group: "store", view: Day, needs: "reports.read" },
  { name: "sync", path: "sync", icon: "sync", group: "store", view: SyncStatus, needs: null },
  { name: "scanners", path: "scanners", icon: "scanners", group: "store", view: Scanners, needs: "stock.approve" },
  { name: "settings", path: "settings", icon: "settings", group: "store", view: Settings, needs: null },
  { name: "more", path: "more", icon: "more", group: null, view: More, needs: null },
  { name: "lookup", path: "link", icon: "labels", group: null, view: Link, needs: "stock.write" },
];

/** What a thumb reaches on a small screen. */
export const PRIMARY: readonly Flow[] = ["sell", "lookup", "receive", "count"].map((path) => flowOf(path));

/** The flow of an address; an address that is none leads to the start. */
export function flowOf(path: string): Flow {
  return FLOWS.find((flow) => flow.path === path) ?? (FLOWS[0] as Flow);
}
