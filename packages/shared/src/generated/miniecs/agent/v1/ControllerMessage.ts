// Original file: proto/agent.proto

import type { Welcome as _miniecs_agent_v1_Welcome, Welcome__Output as _miniecs_agent_v1_Welcome__Output } from '../../../miniecs/agent/v1/Welcome.ts';
import type { Refusal as _miniecs_agent_v1_Refusal, Refusal__Output as _miniecs_agent_v1_Refusal__Output } from '../../../miniecs/agent/v1/Refusal.ts';
import type { FullAssignments as _miniecs_agent_v1_FullAssignments, FullAssignments__Output as _miniecs_agent_v1_FullAssignments__Output } from '../../../miniecs/agent/v1/FullAssignments.ts';
import type { AssignmentIncrement as _miniecs_agent_v1_AssignmentIncrement, AssignmentIncrement__Output as _miniecs_agent_v1_AssignmentIncrement__Output } from '../../../miniecs/agent/v1/AssignmentIncrement.ts';
import type { StatusAck as _miniecs_agent_v1_StatusAck, StatusAck__Output as _miniecs_agent_v1_StatusAck__Output } from '../../../miniecs/agent/v1/StatusAck.ts';
import type { HeartbeatAck as _miniecs_agent_v1_HeartbeatAck, HeartbeatAck__Output as _miniecs_agent_v1_HeartbeatAck__Output } from '../../../miniecs/agent/v1/HeartbeatAck.ts';
import type { LogRequest as _miniecs_agent_v1_LogRequest, LogRequest__Output as _miniecs_agent_v1_LogRequest__Output } from '../../../miniecs/agent/v1/LogRequest.ts';
import type { LogCancel as _miniecs_agent_v1_LogCancel, LogCancel__Output as _miniecs_agent_v1_LogCancel__Output } from '../../../miniecs/agent/v1/LogCancel.ts';

export interface ControllerMessage {
  'welcome'?: (_miniecs_agent_v1_Welcome | null);
  'refusal'?: (_miniecs_agent_v1_Refusal | null);
  'fullAssignments'?: (_miniecs_agent_v1_FullAssignments | null);
  'assignmentIncrement'?: (_miniecs_agent_v1_AssignmentIncrement | null);
  'statusAck'?: (_miniecs_agent_v1_StatusAck | null);
  'heartbeatAck'?: (_miniecs_agent_v1_HeartbeatAck | null);
  'logRequest'?: (_miniecs_agent_v1_LogRequest | null);
  'logCancel'?: (_miniecs_agent_v1_LogCancel | null);
  'message'?: "welcome"|"refusal"|"fullAssignments"|"assignmentIncrement"|"statusAck"|"heartbeatAck"|"logRequest"|"logCancel";
}

export interface ControllerMessage__Output {
  'welcome'?: (_miniecs_agent_v1_Welcome__Output | null);
  'refusal'?: (_miniecs_agent_v1_Refusal__Output | null);
  'fullAssignments'?: (_miniecs_agent_v1_FullAssignments__Output | null);
  'assignmentIncrement'?: (_miniecs_agent_v1_AssignmentIncrement__Output | null);
  'statusAck'?: (_miniecs_agent_v1_StatusAck__Output | null);
  'heartbeatAck'?: (_miniecs_agent_v1_HeartbeatAck__Output | null);
  'logRequest'?: (_miniecs_agent_v1_LogRequest__Output | null);
  'logCancel'?: (_miniecs_agent_v1_LogCancel__Output | null);
  'message'?: "welcome"|"refusal"|"fullAssignments"|"assignmentIncrement"|"statusAck"|"heartbeatAck"|"logRequest"|"logCancel";
}
