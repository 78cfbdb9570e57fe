// Days by their dates, as `2026-01-31`.

/** The date of a moment, here. */
export function dayOf(ms: number): string {
  const moment = new Date(ms);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** The day so many days before another. */
export function daysBefore(day: string, count: number): string {
  const moment = new Date(`${day}T12:00:00`);
  moment.setDate(moment.getDate() - count);
  return dayOf(moment.getTime());
}

/** The days from one to another, both included. */
export function daysFrom(first: string, last: string): string[] {
  const days: string[] = [];
  for (let day = first; day <= last; day = daysBefore(day, -1)) days.push(day);
  return days;
}

export interface Bar {
  day: string;
  value: number;
  /** Of the largest, from 0 to 1. */
  share: number;
}

/** A bar for each day; days that are not told of have nothing. */
export function barsOf(days: readonly string[], values: ReadonlyMap<string, number>): Bar[] {
  const found = days.map((day) => values.get(day) ?? 0);
  const most = Math.max(...found, 0);
  return days.map((day, index) => {
    const value = found[index] as number;
    return { day, value, share: most === 0 ? 0 : value / most };
  });
}
