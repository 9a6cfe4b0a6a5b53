/** One try of a gateway to change something. A repeat with the same counter is given the first outcome again. */
export interface Attempt {
  /** UUID of the gateway. */
  gateway: string;
  boot: number;
  counter: number;
  /** Every counter below is finished: its outcome may be forgotten. */
  lowestUnfinished: number;
}
