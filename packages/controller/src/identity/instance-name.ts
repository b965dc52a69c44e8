/** How a certificate names the container instance that it is of: one URI among its subject alternative names. */
export interface InstanceName {
  cluster: string;
  instance: string;
}

const form = /^mini-ecs:instance\/([a-zA-Z0-9_-]{1,255})\/([0-9a-f]{32})$/;

/** `mini-ecs:instance/<cluster>/<instance id>` */
export const instanceUri = ({ cluster, instance }: InstanceName): string => `mini-ecs:instance/${cluster}/${instance}`;

/** Whether a certificate can name it. */
export const isInstanceName = (name: InstanceName): boolean => form.test(instanceUri(name));

/** Of a certificate's names, as Node writes them (`URI:…, DNS:…`); undefined for a certificate of something else, or of several. */
export function readInstanceName(subjectAlternativeNames: string | undefined): InstanceName | undefined {
  const [only, ...others] = subjectAlternativeNames?.split(', ') ?? [];
  const [, cluster, instance] = form.exec(only?.replace(/^URI:/, '') ?? '') ?? [];
  return others.length === 0 && cluster && instance ? { cluster, instance } : undefined;
}

/** A certificate's serial number as it is recorded. */
export const serialOf = ({ serialNumber }: { serialNumber: string }): string => serialNumber.toLowerCase();
