export function Monitor() {
  return <p>…</p>;
}
