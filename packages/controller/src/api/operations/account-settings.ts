/**
 * Account settings: ListAccountSettings, PutAccountSetting, PutAccountSettingDefault, DeleteAccountSetting. A principal's own
 * value wins over the account's default, and that over what ECS starts with.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
 */
import {
  SettingName,
  type DeleteAccountSettingRequest,
  type DeleteAccountSettingResponse,
  type ListAccountSettingsRequest,
  type ListAccountSettingsResponse,
  type PutAccountSettingDefaultRequest,
  type PutAccountSettingDefaultResponse,
  type PutAccountSettingRequest,
  type PutAccountSettingResponse,
  type Setting,
} from '@aws-sdk/client-ecs';
import { globalPartition } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { limits, oneOf, text } from '../limits.ts';
import { operation, type Call } from '../operation.ts';
import { pageOf } from '../pagination.ts';
import { quote } from '../references.ts';

/** mini-ecs has no short ARNs: nothing to switch off. */
const always = ['enabled'];

/** What each setting may be; the first is its value until somebody sets it. */
const settingValues: Record<SettingName, readonly string[]> = {
  serviceLongArnFormat: always,
  taskLongArnFormat: always,
  containerInstanceLongArnFormat: always,
  awsvpcTrunking: ['disabled', 'enabled'],
  containerInsights: ['disabled', 'enabled', 'enhanced'],
  defaultLogDriverMode: ['non-blocking', 'blocking'],
  fargateEventWindows: ['disabled', 'enabled'],
  fargateFIPSMode: ['disabled', 'enabled'],
  fargateTaskRetirementWaitPeriod: ['7', '0', '14'],
  guardDutyActivate: ['off'],
  tagResourceAuthorization: ['off', 'on'],
};

const settingNames = Object.values(SettingName);
const readOnlySettings: readonly SettingName[] = ['guardDutyActivate'];

/** Record ids. A name has no dot, so the two kinds never meet. */
const defaultId = (name: SettingName): string => `default.${name}`;
const principalId = (principalArn: string, name: SettingName): string => `principal.${name}.${principalArn}`;

const principalArnText = text({
  most: 2048,
  pattern: /^arn:aws[a-z-]*:iam::\d{12}:[\w+=,.@/-]+$/,
  rule: 'an ARN of an IAM principal',
});
const name = oneOf(settingNames);

/** The value that holds for the caller. */
export const effectiveSetting = async (call: Call, name: SettingName): Promise<string> =>
  effectiveValue((await call.projections.currentGlobal()).settings, call.principalArn, name);

const effectiveValue = (settings: ReadonlyMap<string, string>, principalArn: string, name: SettingName): string =>
  storedValue(settings, principalId(principalArn, name)) ??
  storedValue(settings, defaultId(name)) ??
  settingValues[name][0] ??
  '';

function storedValue(settings: ReadonlyMap<string, string>, id: string): string | undefined {
  const doc = settings.get(id);
  return doc === undefined ? undefined : (JSON.parse(doc) as { value: string }).value;
}

const renderSetting = (name: SettingName, value: string, principalArn: string): Setting => ({
  name,
  value,
  principalArn,
  type: readOnlySettings.includes(name) ? 'aws_managed' : 'user',
});

// ── listing ──

const checkList = limits<ListAccountSettingsRequest>({ name, principalArn: principalArnText });

async function listAccountSettings(input: ListAccountSettingsRequest, call: Call): Promise<ListAccountSettingsResponse> {
  checkList(input);
  if (input.value !== undefined && input.name === undefined) {
    throw new ApiError('InvalidParameterException', 'value filters the settings of one name: give name too.');
  }
  const { settings } = await call.projections.currentGlobal();
  const principalArn = input.principalArn ?? call.principalArn;
  const values = settingNames
    .filter((name) => input.name === undefined || name === input.name)
    .flatMap((name): Setting[] => {
      const value = input.effectiveSettings
        ? effectiveValue(settings, principalArn, name)
        : storedValue(settings, principalId(principalArn, name));
      return value === undefined ? [] : [renderSetting(name, value, principalArn)];
    })
    .filter(({ value }) => input.value === undefined || value === input.value);
  const page = pageOf('ListAccountSettings', input, values, { keyOf: (setting) => setting.name ?? '' });
  return { settings: page.items, nextToken: page.nextToken };
}

// ── changing ──

const checkPut = limits<PutAccountSettingRequest>({ name, principalArn: principalArnText });

async function putAccountSetting(input: PutAccountSettingRequest, call: Call): Promise<PutAccountSettingResponse> {
  checkPut(input);
  const principalArn = input.principalArn ?? call.principalArn;
  const { name, value } = checkedSetting(input);
  await putSetting(principalId(principalArn, name), value, call);
  return { setting: renderSetting(name, value, principalArn) };
}

const checkPutDefault = limits<PutAccountSettingDefaultRequest>({ name });

async function putAccountSettingDefault(
  input: PutAccountSettingDefaultRequest,
  call: Call,
): Promise<PutAccountSettingDefaultResponse> {
  checkPutDefault(input);
  const { name, value } = checkedSetting(input);
  await putSetting(defaultId(name), value, call);
  return { setting: renderSetting(name, value, call.principalArn) };
}

function checkedSetting({ name, value }: PutAccountSettingDefaultRequest): { name: SettingName; value: string } {
  const setting = checkedName(name);
  const allowed = settingValues[setting];
  if (value !== undefined && allowed.includes(value)) return { name: setting, value };
  const long = allowed === always ? ' mini-ecs has long ARNs only.' : '';
  throw new ApiError(
    'InvalidParameterException',
    `Invalid value ${quote(value ?? '')} for the account setting ${setting}. Valid values: ${allowed.join(', ')}.${long}`,
  );
}

function checkedName(name: SettingName | undefined): SettingName {
  if (name === undefined) throw new ApiError('InvalidParameterException', 'name must not be null.');
  if (!readOnlySettings.includes(name)) return name;
  throw new ApiError('InvalidParameterException', `The account setting ${name} is read-only.`);
}

const putSetting = (id: string, value: string, call: Call) =>
  call.store.put({ partition: globalPartition, kind: 'setting', id, expect: 'any', set: { doc: JSON.stringify({ value }) } });

const checkDelete = limits<DeleteAccountSettingRequest>({ name, principalArn: principalArnText });

/** Resolves with the value that was the principal's own. */
async function deleteAccountSetting(input: DeleteAccountSettingRequest, call: Call): Promise<DeleteAccountSettingResponse> {
  checkDelete(input);
  const name = checkedName(input.name);
  const principalArn = input.principalArn ?? call.principalArn;
  const { settings } = await call.projections.currentGlobal();
  const id = principalId(principalArn, name);
  const value = effectiveValue(settings, principalArn, name);
  await call.store.remove({ partition: globalPartition, kind: 'setting', id, expect: 'any' });
  return { setting: renderSetting(name, value, principalArn) };
}

export const accountSettingOperations = [
  operation('ListAccountSettings', listAccountSettings),
  operation('PutAccountSetting', putAccountSetting),
  operation('PutAccountSettingDefault', putAccountSettingDefault),
  operation('DeleteAccountSetting', deleteAccountSetting),
];
