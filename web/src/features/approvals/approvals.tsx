export function Approvals() {
  return <p>…</p>;
}
