// Original file: proto/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface IssuedCertificate {
  'certificate'?: (string);
  'authority'?: (string);
  'lifetimeMs'?: (number | string | Long);
}

export interface IssuedCertificate__Output {
  'certificate': (string);
  'authority': (string);
  'lifetimeMs': (number);
}
