import {
  CreateClusterCommand,
  DeleteAccountSettingCommand,
  ListAccountSettingsCommand,
  paginateListAccountSettings,
  PutAccountSettingCommand,
  PutAccountSettingDefaultCommand,
  type ListAccountSettingsRequest,
  type SettingName,
} from '@aws-sdk/client-ecs';
import test from 'ava';
import { ApiServerFixture } from '../../../../../test/support/api-server.ts';

let api: ApiServerFixture;
test.beforeEach(async () => {
  api = await ApiServerFixture.start();
});
test.afterEach.always(() => api.close());

const principalArn = 'arn:aws:iam::000000000000:root';
const put = (name: SettingName, value: string) => api.ecs.send(new PutAccountSettingCommand({ name, value }));
const putDefault = (name: SettingName, value: string) => api.ecs.send(new PutAccountSettingDefaultCommand({ name, value }));
const list = async (request: ListAccountSettingsRequest = {}) =>
  (await api.ecs.send(new ListAccountSettingsCommand(request))).settings;
const insights = (value: string) => ({ name: 'containerInsights' as const, value, principalArn, type: 'user' as const });

test.serial("a principal's own setting wins over the account's default, and that over ECS's", async (t) => {
  const effective = () => list({ name: 'containerInsights', effectiveSettings: true });
  t.deepEqual(await list(), []);
  t.deepEqual(await effective(), [insights('disabled')]);
  await putDefault('containerInsights', 'enabled');
  t.deepEqual(await list(), []);
  t.deepEqual(await effective(), [insights('enabled')]);
  t.deepEqual((await put('containerInsights', 'enhanced')).setting, insights('enhanced'));
  t.deepEqual(await list(), [insights('enhanced')]);
  t.deepEqual(await effective(), [insights('enhanced')]);
  await api.ecs.send(new DeleteAccountSettingCommand({ name: 'containerInsights' }));
  t.deepEqual(await list(), []);
  t.deepEqual(await effective(), [insights('enabled')]);
});

test.serial('a new cluster has the containerInsights of the account', async (t) => {
  await putDefault('containerInsights', 'enabled');
  const { cluster } = await api.ecs.send(new CreateClusterCommand({}));
  t.deepEqual(cluster?.settings, [{ name: 'containerInsights', value: 'enabled' }]);
});

test.serial('all settings that hold are listed, at most ten a page', async (t) => {
  const names: (string | undefined)[] = [];
  for await (const page of paginateListAccountSettings({ client: api.ecs }, { effectiveSettings: true })) {
    t.true((page.settings?.length ?? 0) <= 10);
    names.push(...(page.settings ?? []).map(({ name }) => name));
  }
  t.is(names.length, 11);
  t.is(new Set(names).size, 11);
  t.deepEqual(await list({ effectiveSettings: true, name: 'tagResourceAuthorization', value: 'on' }), []);
});

test.serial('another principal has settings of its own', async (t) => {
  const deployer = 'arn:aws:iam::000000000000:user/deployer';
  await api.ecs.send(new PutAccountSettingCommand({ name: 'containerInsights', value: 'enabled', principalArn: deployer }));
  t.deepEqual(await list(), []);
  t.deepEqual(await list({ principalArn: deployer }), [{ ...insights('enabled'), principalArn: deployer }]);
});

test.serial('what is no setting or no value of it is refused', async (t) => {
  const invalid = { name: 'InvalidParameterException' };
  await t.throwsAsync(put('nonsense' as SettingName, 'enabled'), { ...invalid, message: /'name' failed .* enum value set/ });
  await t.throwsAsync(put('containerInsights', 'maybe'), { ...invalid, message: /Valid values: disabled, enabled, enhanced\./ });
  await t.throwsAsync(put('serviceLongArnFormat', 'disabled'), { ...invalid, message: /mini-ecs has long ARNs only/ });
  await t.throwsAsync(put('guardDutyActivate', 'on'), { ...invalid, message: /read-only/ });
  await t.throwsAsync(list({ value: 'enabled' }), { ...invalid, message: /give name too/ });
  await t.throwsAsync(list({ principalArn: 'me' }), { ...invalid, message: /an ARN of an IAM principal/ });
});
