// Original file: proto/agent.proto

import type { Hello as _miniecs_agent_v1_Hello, Hello__Output as _miniecs_agent_v1_Hello__Output } from '../../../miniecs/agent/v1/Hello.ts';
import type { StatusReport as _miniecs_agent_v1_StatusReport, StatusReport__Output as _miniecs_agent_v1_StatusReport__Output } from '../../../miniecs/agent/v1/StatusReport.ts';
import type { Heartbeat as _miniecs_agent_v1_Heartbeat, Heartbeat__Output as _miniecs_agent_v1_Heartbeat__Output } from '../../../miniecs/agent/v1/Heartbeat.ts';
import type { Resync as _miniecs_agent_v1_Resync, Resync__Output as _miniecs_agent_v1_Resync__Output } from '../../../miniecs/agent/v1/Resync.ts';
import type { LogChunk as _miniecs_agent_v1_LogChunk, LogChunk__Output as _miniecs_agent_v1_LogChunk__Output } from '../../../miniecs/agent/v1/LogChunk.ts';
import type { Farewell as _miniecs_agent_v1_Farewell, Farewell__Output as _miniecs_agent_v1_Farewell__Output } from '../../../miniecs/agent/v1/Farewell.ts';

export interface AgentMessage {
  'hello'?: (_miniecs_agent_v1_Hello | null);
  'statusReport'?: (_miniecs_agent_v1_StatusReport | null);
  'heartbeat'?: (_miniecs_agent_v1_Heartbeat | null);
  'resync'?: (_miniecs_agent_v1_Resync | null);
  'logChunk'?: (_miniecs_agent_v1_LogChunk | null);
  'farewell'?: (_miniecs_agent_v1_Farewell | null);
  'message'?: "hello"|"statusReport"|"heartbeat"|"resync"|"logChunk"|"farewell";
}

export interface AgentMessage__Output {
  'hello'?: (_miniecs_agent_v1_Hello__Output | null);
  'statusReport'?: (_miniecs_agent_v1_StatusReport__Output | null);
  'heartbeat'?: (_miniecs_agent_v1_Heartbeat__Output | null);
  'resync'?: (_miniecs_agent_v1_Resync__Output | null);
  'logChunk'?: (_miniecs_agent_v1_LogChunk__Output | null);
  'farewell'?: (_miniecs_agent_v1_Farewell__Output | null);
  'message'?: "hello"|"statusReport"|"heartbeat"|"resync"|"logChunk"|"farewell";
}
