import test from 'ava';
import { anInstance } from './placement-builders.ts';
import { evaluate, parseExpression, type InstanceFacts } from './query-language.ts';

function holds(text: string, instance: InstanceFacts): boolean {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return evaluate(parsed.expression, instance);
}

const instance = anInstance('one', {
  zone: 'us-east-1a',
  attributes: { 'ecs.instance-type': 'g2.2xlarge', 'my/rack\\2': 'r-1', cores: '12', capability: null },
  tasks: { 'service:production': 1, 'family:batch': 2, gone: 0 },
  agentVersion: '1.14.5',
  ec2InstanceId: 'i-abcd1234',
  registeredAt: Date.parse('2018-02-13T12:00:00Z'),
});

const expressions: Record<string, { true: string[]; false: string[] }> = {
  'attributes compare as strings': {
    true: [
      'attribute:ecs.instance-type == g2.2xlarge',
      'attribute:ecs.instance-type equals "g2.2xlarge"',
      'attribute:ecs.instance-type==g2.2xlarge&&attribute:cores==12',
      "attribute:my/rack\\2 == 'r-1'",
      'attribute:ecs.instance-type != t2.small',
      'attribute:ecs.instance-type not_equals t2.small',
      'attribute:missing != anything',
      'attribute:capability != anything',
    ],
    false: [
      'attribute:ecs.instance-type == g2.2XLARGE',
      'attribute:missing == undefined',
      'attribute:capability == null',
      'attribute:ecs.instance-type != g2.2xlarge',
    ],
  },
  'attributes exist with and without a value': {
    true: ['attribute:cores exists', 'attribute:capability exists', 'attribute:missing !exists', 'attribute:missing not_exists'],
    false: [
      'attribute:missing exists',
      'attribute:toString exists',
      'attribute:capability !exists',
      'attribute:cores not_exists',
    ],
  },
  'lists hold values with and without quotes': {
    true: [
      'attribute:ecs.availability-zone in [us-east-1a, us-east-1b]',
      "ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']",
      'attribute:ecs.availability-zone !in [us-east-1b]',
      'attribute:ecs.availability-zone not_in [ us-east-1b,us-east-1c ]',
    ],
    false: ['attribute:ecs.availability-zone in [us-east-1b]', 'attribute:missing in [a]', 'ec2InstanceId not_in [i-abcd1234]'],
  },
  'patterns match the whole value': {
    true: [
      'attribute:ecs.instance-type =~ g2.*',
      'attribute:ecs.instance-type matches g[23]\\.\\d{1,2}xlarge',
      'attribute:ecs.instance-type =~ "(g2|p3)\\..+"',
      'attribute:ecs.instance-type !~ g2',
      'attribute:ecs.instance-type not_matches t2.*',
      'task:group =~ service:.*',
    ],
    false: ['attribute:ecs.instance-type =~ 2xlarge', 'attribute:missing =~ .*', 'attribute:ecs.instance-type !~ g2.*'],
  },
  'order is that of numbers where both are numbers, of versions else': {
    true: [
      'attribute:cores > 9',
      'attribute:cores >= 12',
      'attribute:cores less_than 100.5',
      'agentVersion > 1.9.3',
      'agentVersion <= 1.14.5',
      'agentVersion greater_than_equal 1.14',
      'agentVersion == 1.14.5',
      'attribute:ecs.availability-zone < us-east-1b',
    ],
    false: ['attribute:cores < 9', 'attribute:missing > 0', 'agentVersion < 1.14.5', 'agentVersion greater_than 1.14.10'],
  },
  'the agent, the date of registration and the running tasks are subjects': {
    true: [
      'agentConnected == true',
      'agentConnected != false',
      'registeredAt < 2018-02-14',
      'registeredAt > 2018-02-13',
      'registeredAt == 2018-02-13T12:00:00',
      'registeredAt == 2018-02-13T13:00:00+01:00',
      'registeredAt <= 2018-02-13T12:00:00Z',
      'runningTasksCount == 3',
      'runningTasksCount != 1',
      'runningTasksCount less_than_equal 3',
    ],
    false: ['agentConnected == false', 'registeredAt < 2018-02-13', 'runningTasksCount > 3', 'runningTasksCount < 1'],
  },
  'task:group holds if the group of any task does': {
    true: [
      'task:group == service:production',
      'task:group == family:batch',
      'not(task:group == database)',
      'task:group != database',
      'task:group in [database, family:batch]',
      'task:group exists',
    ],
    false: ['task:group == database', 'task:group == gone', 'task:group != family:batch', 'task:group !exists'],
  },
  'not binds before and, and before or, parentheses before all': {
    true: [
      'runningTasksCount == 3 or runningTasksCount == 1 and runningTasksCount == 2',
      'not runningTasksCount == 1 and runningTasksCount == 3',
      '!(runningTasksCount == 1 || runningTasksCount == 2) && agentConnected == true',
      '! ! agentConnected == true',
      '((runningTasksCount == 3))',
      'attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d',
      'NOT agentConnected == false AND agentConnected == true OR agentConnected == false',
    ],
    false: [
      '(runningTasksCount == 3 or runningTasksCount == 1) and runningTasksCount == 2',
      'not (runningTasksCount == 3 or agentConnected == false)',
      '!attribute:cores exists',
    ],
  },
};

for (const [title, { true: holding, false: failing }] of Object.entries(expressions)) {
  test(`query language: ${title}`, (t) => {
    for (const text of holding) t.true(holds(text, instance), text);
    for (const text of failing) t.false(holds(text, instance), text);
  });
}

const mistakes: [text: string, position: number, expected: RegExp][] = [
  ['', 0, /attribute:<name>, agentConnected/],
  ['attribute: == a', 0, /attribute:<name>/],
  ['zone == a', 0, /attribute:<name>/],
  ['task:family == a', 0, /task:group/],
  ['attribute == a', 0, /attribute:<name>/],
  ['attribute:a', 11, /an operator of attribute/],
  ['attribute:a = b', 12, /an operator of attribute/],
  ['attribute:a inside b', 12, /an operator of attribute/],
  ['agentVersion =~ 1.*', 13, /an operator of agentVersion \(not_equals, !=, equals, ==, /],
  ['agentConnected exists', 15, /an operator of agentConnected/],
  ['attribute:a ==', 14, /a value/],
  ['attribute:a == (b)', 15, /a value/],
  ["attribute:a == 'b", 15, /a value/],
  ['attribute:a in b', 15, /a list/],
  ['attribute:a in []', 16, /a value/],
  ['attribute:a in [b c]', 18, /, or \]/],
  ['attribute:a in [b,', 18, /a value/],
  ['attribute:a =~ g[2', 15, /a regular expression/],
  ['registeredAt < yesterday', 15, /a date such as 2018-06-18/],
  ['registeredAt < 2018-13-01', 15, /a date/],
  ['runningTasksCount > many', 20, /a number of tasks/],
  ['(attribute:a == b', 17, /and, or, or \)/],
  ['attribute:a == b)', 16, /and, or, or the end/],
  ['attribute:a == b attribute:c == d', 17, /and, or, or the end/],
  ['attribute:a == b and', 20, /attribute:<name>/],
  [`${'('.repeat(500)}agentConnected == true`, 101, /at most 100 expressions within each other/],
  [`${'!'.repeat(1900)}agentConnected == true`, 101, /at most 100 expressions within each other/],
  [`attribute:a == ${'b'.repeat(2000)}`, 2000, /at most 2000 characters/],
];

test('an expression that cannot be read gives the position and what was expected there', (t) => {
  for (const [text, position, expected] of mistakes) {
    const parsed = parseExpression(text);
    if (parsed.ok) t.fail(`read: ${text}`);
    else {
      t.is(parsed.position, position, text);
      t.regex(parsed.expected, expected, text);
      t.true(parsed.message.includes(`at position ${position}`), parsed.message);
    }
  }
});
