/** What a dashboard is, before it becomes Grafana's JSON in `grafana.ts`. */
export interface Dashboard {
  /** The last part of its address, and the name of its file. */
  name: string;
  title: string;
  description: string;
  rows: Row[];
}

export interface Row {
  title: string;
  panels: Panel[];
}

export interface Panel {
  title: string;
  /** For somebody who looks at it at night: what it shows, and when it is bad. */
  description: string;
  unit: Unit;
  /** Legend → query. Each selector gets the dashboard's choice of namespace, job and instance; counters are rated over `$__rate_interval`. */
  queries: Record<string, string>;
  /** Default: lines. `number`: the newest value, large. */
  look?: 'lines' | 'stacked' | 'number';
  /** Columns out of 24; default 8. */
  width?: number;
  /** The value from which it is coloured; `below`: it is bad to be under it. */
  bad?: { from: number; is?: 'above' | 'below'; warnFrom?: number };
  /** Where the scale ends; default: where the data ends. */
  max?: number;
}

/** Units of Grafana. `short`: a plain number, `percentunit`: 1 is 100 %. */
type Unit = 'short' | 'percentunit' | 'bytes' | 'Bps' | 's' | 'reqps' | 'ops' | 'dateTimeFromNow';
