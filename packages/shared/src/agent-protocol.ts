import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';
import type { ProtoGrpcType } from './generated/agent.ts';

const protoFile = fileURLToPath(new URL('../../../proto/agent.proto', import.meta.url));

const loaded = grpc.loadPackageDefinition(
  loadSync(protoFile, { longs: Number, enums: String, defaults: true, oneofs: true }),
) as unknown as ProtoGrpcType;

/** The generated service and client constructors of proto/agent.proto. */
export const agentProtocol = loaded.miniecs.agent.v1;

/** Raised when a message changes in a way that an older side would misread. */
export const agentProtocolVersion = 1;

/**
 * The name in every controller's certificate that agents check: a role, not an address. Only the authority gives it, so it is
 * as good behind a load balancer, a NAT or an address that changes.
 */
export const controllerServerName = 'controller.mini-ecs.internal';
