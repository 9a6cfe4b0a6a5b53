/** Sizes and counts of this room alone. */
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A finished upload's answer is kept so long: a repeated Complete gets it again. */
export const finishedUploadMemoryMs = 7 * dayMs;
/** Outcomes of a gateway that was not heard for so long are forgotten. */
export const attemptMemoryMs = 15 * minuteMs;
/** After this the gateway itself is forgotten. Its requests must all have ended long before. */
export const gatewayMemoryMs = dayMs;
/** The row of a gateway is written at most so often to say that it is alive. */
export const gatewaySeenEveryMs = minuteMs;
/** Outcomes that may be forgotten are removed so many at a time. */
export const attemptsForgottenTogether = 64;
/** A transaction dooms at most so many chunks, or those of one body. */
export const doomedChunksMax = 500;
/** Uploads of dropped buckets that one transaction releases, of up to 10,000 parts each. */
export const droppedUploadsReleasedTogether = 1;
/** A chunk row names its nodes by numbers of two bytes. */
export const nodeNumberMax = 0xffff;
/** The writer commits at most so many requests together. */
export const groupRequestsMax = 1024;
/** With less free on its volume the store takes nothing that adds: a checkpoint and many deletes still fit in. */
export const freeBytesMin = 128 * 1024 * 1024;
/** On a volume so small that this is less, this share of it. */
export const freeShareMin = 0.1;
/** A start makes a few files beside the database. */
export const freeInodesMin = 8;
/** The volume is measured at most so often. */
export const roomCheckMs = 1000;
/** Requests that may wait for the writer; more are refused (`slow-down`). */
export const writeQueueMax = 20_000;
