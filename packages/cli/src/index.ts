export { createEcsClient } from './api-client.ts';
export { exportLine, type ClientSettings } from './client-settings.ts';
export { createJoinToken, listCertificates, revokeCertificate, type JoinTokenWishes } from './join-tokens.ts';
export { main } from './program.ts';
export { LabCluster, type LabClusterOptions } from './quickstart/lab-cluster.ts';
export { ManagedProcess } from './quickstart/managed-process.ts';
export { readTaskRows, renderTaskTable, type TaskRow } from './task-table.ts';
