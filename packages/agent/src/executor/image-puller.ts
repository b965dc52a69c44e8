/**
 * Gets a container's image onto the host as `ECS_IMAGE_PULL_BEHAVIOR` says, with two additions to `default` (pull,
 * else the cached image): an image that no registry knows, because it was built or imported here, is taken as it is;
 * and a pull that failed is not tried again for a while where a cached image serves, so that an unreachable registry
 * does not slow down every start. Concurrent pulls of one image are one.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
 */
import type { Clock } from '@mini-ecs/shared';
import { RuntimeError, type ContainerRuntime, type ImageInfo } from '../runtime/container-runtime.ts';

export const imagePullBehaviors = ['default', 'always', 'once', 'prefer-cached'] as const;
export type ImagePullBehavior = (typeof imagePullBehaviors)[number];

const askRegistryAgainMs = 30_000;

export class ImagePuller {
  readonly #runtime: ContainerRuntime;
  readonly #behavior: ImagePullBehavior;
  readonly #clock: Clock;
  readonly #running = new Map<string, Promise<ImageInfo>>();
  readonly #failedAt = new Map<string, number>();
  readonly #pulled = new Set<string>();

  constructor(runtime: ContainerRuntime, behavior: ImagePullBehavior, clock: Clock) {
    this.#runtime = runtime;
    this.#behavior = behavior;
    this.#clock = clock;
  }

  /** Rejects with a RuntimeError when the image can be had neither from the registry nor, where that is allowed, from the host. */
  ensure(image: string): Promise<ImageInfo> {
    const running = this.#running.get(image);
    if (running) return running;
    const pulling = this.#ensure(image).finally(() => this.#running.delete(image));
    this.#running.set(image, pulling);
    return pulling;
  }

  async #ensure(image: string): Promise<ImageInfo> {
    const cached = this.#behavior === 'always' ? undefined : await this.#runtime.findImage(image);
    if (cached && !this.#asksRegistry(image, cached)) return cached;
    try {
      await this.#runtime.pull(image);
    } catch (error) {
      this.#failedAt.set(image, this.#clock.now());
      if (cached) return cached;
      throw error;
    }
    this.#failedAt.delete(image);
    this.#pulled.add(image);
    const pulled = await this.#runtime.findImage(image);
    if (!pulled) throw new RuntimeError('not-found', `No such image: ${image}`);
    return pulled;
  }

  #asksRegistry(image: string, cached: ImageInfo): boolean {
    if (this.#behavior === 'prefer-cached' || (this.#behavior === 'once' && this.#pulled.has(image))) return false;
    const failedAt = this.#failedAt.get(image);
    const failedJustNow = failedAt !== undefined && this.#clock.now() - failedAt < askRegistryAgainMs;
    return cached.digest !== undefined && !failedJustNow;
  }
}
