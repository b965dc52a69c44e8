/** Columns as wide as what is in them; an empty cell is a dash. */
export function renderTable(titles: string[], rows: string[][]): string {
  const lines = [titles, ...rows.map((cells) => cells.map((cell) => cell || '-'))];
  const widths = titles.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
