interface Role {
  name: string;
  permissions: readonly string[];
}

/** For each permission, which of the roles allow it, in their order. */
export function matrixOf(
  permissions: readonly string[],
  roles: readonly Role[],
): [permission: string, held: boolean[]][] {
  const sets = roles.map((role) => new Set(role.permissions));
  return permissions.map((one) => [one, sets.map((held) => held.has(one))]);
}
