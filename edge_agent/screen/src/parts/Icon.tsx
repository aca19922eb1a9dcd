/* The icons, drawn by us on a grid of 24 with one stroke. They are decoration: the words beside them say it. */
const PATHS = {
  home: "M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z",
  sell: "M5 9h14l-1.3 9.2a2 2 0 0 1-2 1.8H8.300a2 2 0 0 1-2-1.8zM9 9V7a3 3 0 0 1 6 0v2",
  giveBack: "M9 7H15a5 5 0 0 1 0 10H6M9 3L5 7l4 4",
  lookup: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM20 20l-4.900-4.900",
  receive: "M12 3v10M8 9.500l4 4 4-4M4 15v4a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-4",
  transfer: "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
  count: "M10 6h10M10 12h10M10 18h10M4 6l1 1 2-2M4 12l1 1 2-2M4 18l1 1 2-2",
  adjust: "M5 7h14M10 7V5h4v2M7 7l.8 12a1 1 0 0 0 1 1h6.400a1 1 0 0 0 1-1L17 7M10.500 11v5M13.500 11v5",
  labels: "M4 5v6.200a2 2 0 0 0 .6 1.400l7 7a1.500 1.500 0 0 0 2.100 0l5.900-5.900a1.500 1.500 0 0 0 0-2.100l-7-7a2 2 0 0 0-1.400-.6H5a1 1 0 0 0-1 1zM8 8h.01",
  attention: "M6 10a6 6 0 0 1 12 0c0 5 2 6 2 6H4s2-1 2-6M10 19.500a2.200 2.200 0 0 0 4 0",
  day: "M5 6h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM4 10.500h16M8 3.500v4M16 3.500v4",
  sync: "M7 18a4.500 4.500 0 0 1-.6-8.960 6 6 0 0 1 11.500 1.460A3.800 3.800 0 0 1 17.500 18zM9.500 13.500l2 2 3.500-3.500",
  scanners: "M4 7V5a1 1 0 0 1 1-1h2M17 4h2a1 1 0 0 1 1 1v2M20 17v2a1 1 0 0 1-1 1h-2M7 20H5a1 1 0 0 1-1-1v-2M8 8v8M11 8v8M13.500 8v8M16 8v8",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM9 14.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z",
  more: "M5 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2zM12 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2zM19 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2z",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  good: "M5 12.500l4.500 4.500L19 7.500",
  doubtful: "M12 4.500l8.500 15h-17zM12 10v4.500M12 17h.01",
  refused: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  undo: "M9 14l-5-5 5-5M4 9h10a6 6 0 0 1 0 12h-3",
  erase: "M9 6h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9l-6-6zM12 10l4 4M16 10l-4 4",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20a7.500 7.500 0 0 1 15 0",
  waiting: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.500l3 2",
  sound: "M4 10v4h3l5 4V6L7 10zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11",
  camera: "M4 8h3l1.500-2.500h7L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1zM12 10.500a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
