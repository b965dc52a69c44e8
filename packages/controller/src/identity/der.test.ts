import fc from 'fast-check';
import test from 'ava';
import { addressBytes, boolean, encode, integer, objectIdentifier, sequence, time, utf8String } from './der.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('lengths are written in as few octets as they need', (t) => {
  t.is(hex(encode(4, Buffer.alloc(127)).subarray(0, 2)), '047f');
  t.is(hex(encode(4, Buffer.alloc(128)).subarray(0, 3)), '048180');
  t.is(hex(encode(4, Buffer.alloc(256)).subarray(0, 4)), '04820100');
  t.is(hex(encode(4, Buffer.alloc(65_536)).subarray(0, 5)), '0483010000');
});

test('values are written as X.690 shows them', (t) => {
  t.is(hex(boolean(true)), '0101ff');
  t.is(hex(integer(Buffer.from([2]))), '020102');
  t.is(hex(integer(Buffer.from([0x80]))), '02020080');
  t.is(hex(objectIdentifier('1.2.840.10045.4.3.2')), '06082a8648ce3d040302');
  t.is(hex(objectIdentifier('2.5.29.15')), '0603551d0f');
  t.is(hex(utf8String('é')), '0c02c3a9');
  t.is(hex(sequence(boolean(false), integer(Buffer.from([1])))), '3006010100020101');
});

test('times are UTCTime until 2049 and GeneralizedTime from then on', (t) => {
  t.is(
    time(Date.UTC(2049, 11, 31, 23, 59, 59, 999))
      .subarray(2)
      .toString(),
    '491231235959Z',
  );
  t.is(
    time(Date.UTC(2050, 0, 1))
      .subarray(2)
      .toString(),
    '20500101000000Z',
  );
});

test('addresses are their bytes, however they are written', (t) => {
  t.is(hex(addressBytes('10.0.0.255')), '0a0000ff');
  t.is(hex(addressBytes('::1')), `${'00'.repeat(15)}01`);
  t.is(hex(addressBytes('::')), '00'.repeat(16));
  t.is(hex(addressBytes('fe80::1%eth0')), `fe80${'00'.repeat(13)}01`);
  t.is(hex(addressBytes('::ffff:192.0.2.7')), `${'00'.repeat(10)}ffffc0000207`);
});

test('an IPv6 address is the same bytes in its long form and in its short one', (t) => {
  const groups = fc.array(fc.constantFrom(0, 0, 1, 0x80, 0xffff), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, (words) => {
      const long = words.map((word) => word.toString(16).padStart(4, '0')).join(':');
      const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
      t.is(hex(addressBytes(short)), long.replaceAll(':', ''));
    }),
  );
});
