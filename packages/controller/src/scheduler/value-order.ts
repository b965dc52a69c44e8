/**
 * How the query language orders values: negative, 0 or positive as `a` comes before, with or after `b`.
 */

/** Runs of digits compare as numbers, all else as text: 1.9.3 comes before 1.14.5. */
export function orderOfVersions(a: string, b: string): number {
  const partsOfA = a.match(/\d+|\D+/g) ?? [];
  const partsOfB = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.max(partsOfA.length, partsOfB.length); i++) {
    const difference = orderOfParts(partsOfA[i] ?? '', partsOfB[i] ?? '');
    if (difference !== 0) return difference;
  }
  return 0;
}

function orderOfParts(a: string, b: string): number {
  const isNumeric = /^\d+$/.test(a) && /^\d+$/.test(b);
  if (isNumeric) return Number(a) - Number(b);
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const decimal = /^-?\d+(\.\d+)?$/;

/** As decimal numbers where both are (0.5 < 0.25 is false), else as versions. */
export function orderOfValues(a: string, b: string): number {
  return decimal.test(a) && decimal.test(b) ? Number(a) - Number(b) : orderOfVersions(a, b);
}

const date = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))?)?$/;

/** A date as `registeredAt` takes it (`2018-06-18`, `2018-06-18T22:28:28+00:00`; UTC unless told) → ms since the epoch. */
export function parseDate(text: string): number | undefined {
  const match = date.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const offsetMinutes = (match[7] === '-' ? -1 : 1) * (Number(match[8] ?? 0) * 60 + Number(match[9] ?? 0));
  return (((daysSinceEpoch(year, month, day) * 24 + hours) * 60 + minutes - offsetMinutes) * 60 + seconds) * 1000;
}

/** Of the Gregorian calendar; years are taken to begin in March, so that the leap day comes last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const marchMonth = (month + 9) % 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const daysBeforeMonth = Math.floor((153 * marchMonth + 2) / 5);
  return 365 * marchYear + leapDays + daysBeforeMonth + day - 719_469;
}
