/** Which one is looked at, as `session/task`. */
export interface ApprovalSearch {
  one?: string;
}

export const approvalSearch = (search: Record<string, unknown>): ApprovalSearch =>
  typeof search.one === 'string' && search.one !== '' ? { one: search.one } : {};
