import { useQuery } from '@tanstack/react-query';
import { me } from '../wire/questions';

/** Whether who is logged in has a permission, for all things. */
export const useMay = (permission: string): boolean =>
  useQuery(me).data?.permissions.includes(permission) ?? false;
