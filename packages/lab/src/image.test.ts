import test from 'ava';
import { execFileSync } from 'node:child_process';
import { busyboxRootfs } from './image.ts';

test('the rootfs is an archive that tar reads, with busybox and a link for each command', (t) => {
  const listing = execFileSync('tar', ['-tvf', '-'], { input: busyboxRootfs(), encoding: 'utf8' });
  t.regex(listing, /^-rwxr-xr-x .* bin\/busybox$/m);
  t.regex(listing, /^lrwxrwxrwx .* bin\/httpd -> busybox$/m);
  t.regex(listing, /^lrwxrwxrwx .* bin\/sh -> busybox$/m);
  t.regex(listing, /^drwxrwxrwt .* tmp\/$/m);
});
