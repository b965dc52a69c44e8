/** How long records outlive what they are of. */
const hourMs = 3_600_000;

/** A STOPPED task and an INACTIVE container instance are described so much longer, as on ECS. */
export const keepStoppedMs = hourMs;

/** Not seen for so long, an instance's tasks are STOPPED without its agent's word. */
export const abandonAfterMs = 24 * hourMs;
