import test from 'ava';
import { runtimeError } from './docker-error.ts';

test('an error of Docker is passed on in the words in which ECS does', (t) => {
  const failure = Object.assign(new Error('(HTTP code 500) server error - Get "http://registry/v2/": connection refused '), {
    statusCode: 500,
  });
  t.is(runtimeError(failure).message, 'Error response from daemon: Get "http://registry/v2/": connection refused');
});
