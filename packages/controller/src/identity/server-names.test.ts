import test from 'ava';
import { isLoopback, serverNames } from './server-names.ts';

const interfaceAddresses = ['127.0.0.1', '192.0.2.7', 'fe80::1'];

test('a certificate is good for the addresses that are bound, the host and loopback', (t) => {
  t.deepEqual(serverNames({ hosts: ['10.0.0.5', 'controller.example'], hostname: 'vm-1', interfaceAddresses }), [
    'localhost',
    '127.0.0.1',
    '::1',
    'vm-1',
    '10.0.0.5',
    'controller.example',
  ]);
});

test('a port on all addresses is reached at each of them', (t) => {
  const names = serverNames({ hosts: ['0.0.0.0'], hostname: 'vm-1', interfaceAddresses });
  for (const address of interfaceAddresses) t.true(names.includes(address));
  t.false(names.includes('0.0.0.0'));
});

test('what is no DNS name is left out', (t) => {
  t.false(serverNames({ hosts: [], hostname: 'my_host', interfaceAddresses: [] }).includes('my_host'));
});

test('loopback is told from the rest', (t) => {
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '::1', '0:0:0:0:0:0:0:1']) t.true(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '::2', '127.evil.example', '1270.0.0.1']) t.false(isLoopback(host), host);
});
