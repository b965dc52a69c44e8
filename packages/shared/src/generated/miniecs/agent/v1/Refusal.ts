// Original file: proto/agent.proto


// Original file: proto/agent.proto

export const _miniecs_agent_v1_Refusal_Code = {
  UNSPECIFIED: 'UNSPECIFIED',
  UNKNOWN_INSTANCE: 'UNKNOWN_INSTANCE',
  OTHER_STORE: 'OTHER_STORE',
  OLDER_EPOCH: 'OLDER_EPOCH',
  CLUSTER_NOT_FOUND: 'CLUSTER_NOT_FOUND',
  SUPERSEDED: 'SUPERSEDED',
  UNAVAILABLE: 'UNAVAILABLE',
  BAD_HELLO: 'BAD_HELLO',
  CERTIFICATE_REFUSED: 'CERTIFICATE_REFUSED',
} as const;

export type _miniecs_agent_v1_Refusal_Code =
  | 'UNSPECIFIED'
  | 0
  | 'UNKNOWN_INSTANCE'
  | 1
  | 'OTHER_STORE'
  | 2
  | 'OLDER_EPOCH'
  | 3
  | 'CLUSTER_NOT_FOUND'
  | 4
  | 'SUPERSEDED'
  | 5
  | 'UNAVAILABLE'
  | 6
  | 'BAD_HELLO'
  | 7
  | 'CERTIFICATE_REFUSED'
  | 8

export type _miniecs_agent_v1_Refusal_Code__Output = typeof _miniecs_agent_v1_Refusal_Code[keyof typeof _miniecs_agent_v1_Refusal_Code]

export interface Refusal {
  'code'?: (_miniecs_agent_v1_Refusal_Code);
  'message'?: (string);
  'retryAfterMs'?: (number);
}

export interface Refusal__Output {
  'code': (_miniecs_agent_v1_Refusal_Code__Output);
  'message': (string);
  'retryAfterMs': (number);
}
