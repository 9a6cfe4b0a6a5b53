import { Counter, Gauge, Histogram } from 'prom-client';
import { CallDurations } from '../base/call-durations.js';
import { createMetricsRegistry } from '../base/metrics-registry.js';

export interface CountedRequest {
  operation: string;
  status: number;
  durationMs: number;
  /** To the head of the answer; null: none was sent. */
  firstByteMs: number | null;
  receivedBytes: number;
  sentBytes: number;
}

/** Numbers that are read when somebody asks. */
export interface GatewayGauges {
  requests: () => number;
  heldBytes: () => number;
  heldForMaster: () => number;
  connections: () => number;
  /** Null: the S3 port speaks plain HTTP. */
  certificateExpiresAtWallMs: (() => number) | null;
}

/** What a gateway counts, under `aetherstore_gateway_…`; labels have few values each. */
export class GatewayMetrics {
  readonly #registry = createMetricsRegistry('gateway');
  readonly #requests: Counter<'operation' | 'status'>;
  readonly #duration: Histogram<'operation'>;
  readonly #firstByte: Histogram<'operation'>;
  readonly calls: CallDurations;
  readonly #received: Counter;
  readonly #sent: Counter;
  readonly #lateReplicas: Counter;
  readonly #badReplicas: Counter<'problem'>;

  constructor() {
    const registers = [this.#registry];
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
      new Counter({ name: `aetherstore_gateway_${name}_total`, help, labelNames, registers });
    this.#requests = counter('requests', 'Requests by operation and status.', ['operation', 'status']);
    const durations = (name: string, help: string): Histogram<'operation'> =>
      new Histogram({
        name: `aetherstore_gateway_${name}_seconds`,
        help,
        labelNames: ['operation'],
        buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
        registers,
      });
    this.#duration = durations('request_duration', 'From the head of a request to the end of its answer.');
    this.#firstByte = durations('time_to_first_byte', 'From the head of a request to the head of its answer.');
    this.calls = new CallDurations('aetherstore_gateway_call_duration_seconds', this.#registry);
    this.#received = counter('received_bytes', 'Bytes of request bodies.', []);
    this.#sent = counter('sent_bytes', 'Bytes of answer bodies.', []);
    this.#lateReplicas = counter('late_replicas', 'Copies whose receipt came after the commit.', []);
    this.#badReplicas = counter('bad_replicas', 'Copies that a reader found missing or damaged.', ['problem']);
    // From the start, so that the first one is an increase.
    for (const problem of ['missing', 'damaged'] as const) this.#badReplicas.inc({ problem }, 0);
  }

  watch(gauges: GatewayGauges): void {
    const gauge = (name: string, help: string, value: () => number): void => {
      const made: Gauge = new Gauge({
        name: `aetherstore_gateway_${name}`,
        help,
        registers: [this.#registry],
        collect: () => made.set(value()),
      });
    };
    gauge('requests_in_flight', 'Requests under way.', gauges.requests);
    gauge('body_bytes_reserved', 'Memory reserved for bodies under way.', gauges.heldBytes);
    gauge('requests_held', 'Requests that wait for the master.', gauges.heldForMaster);
    gauge('connections', 'Open client connections.', gauges.connections);
    const { certificateExpiresAtWallMs: expires } = gauges;
    if (expires) gauge('certificate_expiry_timestamp_seconds', 'When the certificate of the S3 port expires.', () => expires() / 1000);
  }

  countRequest({ operation, status, durationMs, firstByteMs, receivedBytes, sentBytes }: CountedRequest): void {
    this.#requests.inc({ operation, status });
    this.#duration.observe({ operation }, durationMs / 1000);
    if (firstByteMs !== null) this.#firstByte.observe({ operation }, firstByteMs / 1000);
    if (receivedBytes > 0) this.#received.inc(receivedBytes);
    if (sentBytes > 0) this.#sent.inc(sentBytes);
  }

  countLateReplica(): void {
    this.#lateReplicas.inc();
  }

  countBadReplica(problem: 'missing' | 'damaged'): void {
    this.#badReplicas.inc({ problem });
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }
}
