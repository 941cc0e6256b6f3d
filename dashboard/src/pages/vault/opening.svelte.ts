/** What the vault keeps, read first: where there is none, the page says how it comes to be. */

import { ApiError } from '../../api/errors.ts';
import type { FieldsOfVault } from '../../api/schema.ts';
import { Reading } from '../../loading.svelte.ts';

export class Opening extends Reading<FieldsOfVault> {
  absent = $state(false);

  constructor(read: () => Promise<FieldsOfVault>) {
    super(async () => {
      try {
        return await read();
      } catch (error) {
        if (error instanceof ApiError && error.said.code === 'vault_not_set_up') this.absent = true;
        throw error;
      }
    });
  }
}
