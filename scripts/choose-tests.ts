/** Which test files `npm test [name …]` runs: a name is that of a suite, or of a test file of any suite (`sigv4` for sigv4.test.ts). */
import path from 'node:path';

export interface Choice {
  /** Suites with the files of them that run, in the order of the suites. */
  chosen: [suite: string, files: readonly string[]][];
  /** Names of neither a suite nor a file. */
  unknown: string[];
}

/** `suites`: the files of each. Without names all of them are chosen. */
export function chooseTests(names: readonly string[], suites: Readonly<Record<string, readonly string[]>>): Choice {
  const filesNamed = names.filter((name) => !Object.hasOwn(suites, name));
  const chosen = Object.entries(suites).map(([suite, files]): Choice['chosen'][number] => {
    const isWhole = names.length === 0 || names.includes(suite);
    return [suite, isWhole ? files : files.filter((file) => filesNamed.includes(nameOf(file)))];
  });
  const known = new Set(Object.values(suites).flat().map(nameOf));
  return { chosen: chosen.filter(([, files]) => files.length > 0), unknown: filesNamed.filter((name) => !known.has(name)) };
}

/** `store-twins` of `test/contract/store-twins.prop.test.ts` */
const nameOf = (file: string): string => path.basename(file).replace(/(\.prop)?\.test\.ts$/, '');
