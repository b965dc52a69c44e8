/** Why an instance gets no certificate, or its certificate no longer serves: in words for its operator, with what to do. */
import type { CertificateProblem } from '../domain/enrolment.ts';
import type { EnrolmentRefusal } from '../store/store.ts';
import type { InstanceName } from './instance-name.ts';

const joinAgain = ({ cluster, instance }: InstanceName): string =>
  `let it join again with a token made for it: mini-ecs token create --cluster ${cluster} --instance ${instance}`;

/** The same for both: who has no token of a cluster is not told whether there is one of that name. */
const noSuchToken = ({ cluster }: InstanceName): string =>
  `There is no such join token for cluster ${cluster}, or no such cluster.`;

export const enrolmentRefusals: Record<EnrolmentRefusal, (name: InstanceName) => string> = {
  CLUSTER_NOT_FOUND: noSuchToken,
  UNKNOWN_TOKEN: noSuchToken,
  TOKEN_EXPIRED: () => 'The join token has expired.',
  TOKEN_USED_UP: () => 'The join token is used up.',
  OTHER_INSTANCE: () => 'The join token was made for another instance.',
  ALREADY_ENROLLED: (name) => `Container instance ${name.instance} has joined before, with another key; ${joinAgain(name)}`,
  DEREGISTERED: ({ instance }) =>
    `Container instance ${instance} was deregistered; start its agent with --reset to join as a new one.`,
};

export const certificateProblems: Record<CertificateProblem, (name: InstanceName) => string> = {
  NOT_ENROLLED: (name) => `Container instance ${name.instance} has not joined cluster ${name.cluster}; ${joinAgain(name)}`,
  REVOKED: (name) => `The certificate of container instance ${name.instance} was revoked; ${joinAgain(name)}`,
  EXPIRED: ({ instance }) => `The certificate of container instance ${instance} has expired: its agent renews it.`,
  REPLACED: (name) => `Container instance ${name.instance} has newer certificates: this one no longer serves; ${joinAgain(name)}`,
};
