/** Generates the TypeScript types of proto/agent.proto into the given folder. */
import { spawnSync } from 'node:child_process';

const options = [
  '--longs=Number',
  '--enums=String',
  '--defaults',
  '--oneofs',
  '--grpcLib=@grpc/grpc-js',
  '--importFileExtension=.ts',
];
const outDir = process.argv[2] ?? 'packages/shared/src/generated';
const { status } = spawnSync('proto-loader-gen-types', [...options, `--outDir=${outDir}`, 'proto/agent.proto'], {
  stdio: ['ignore', 2, 2],
});
process.exit(status ?? 1);
