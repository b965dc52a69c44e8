import { Command } from 'commander';
import { withAnyController } from '../any-controller.ts';
import { listCertificates, revokeCertificate } from '../join-tokens.ts';
import { renderTable } from '../table.ts';
import { ofCluster } from './token.ts';

interface Where {
  cluster: string;
  dataDir: string;
}

export const certificateCommand = (command: Command): Command => command.addCommand(listCommand()).addCommand(revokeCommand());

const listCommand = (): Command =>
  ofCluster(new Command('list').description('List the newest certificate of every container instance')).action(
    async ({ cluster, dataDir }: Where) => {
      const certificates = await withAnyController(dataDir, (settings) => listCertificates(settings, cluster));
      const rows = certificates.map(({ instance, serial, status, expiresAt, revokedAt }) => [
        instance,
        serial ?? '',
        status,
        revokedAt ?? expiresAt ?? '',
      ]);
      console.log(renderTable(['INSTANCE', 'SERIAL', 'STATUS', 'UNTIL / REVOKED AT'], rows));
    },
  );

const revokeCommand = (): Command =>
  ofCluster(
    new Command('revoke').description("Revoke an instance's certificates: its session ends at once, its containers run on"),
  )
    .argument('<instance>', "the instance's id, or the serial of one of its certificates")
    .action(async (named: string, { cluster, dataDir }: Where) => {
      const { instance } = await withAnyController(dataDir, (settings) => revokeCertificate(settings, cluster, named));
      console.log(`the certificates of container instance ${instance} are revoked`);
      console.log(`to let it join again: mini-ecs token create --cluster ${cluster} --instance ${instance}`);
    });
