/**
 * Sightline in a Lambda function: metrics as EMF, lines of JSON without what is personal, and the ids that join them.
 *
 *     import { logger, metrics, observe } from 'sightline-lambda';
 *
 *     export const handler = observe(async (event) => {
 *       logger.info('order placed', { items: 3 });
 *       metrics.count('orders');
 *       return { statusCode: 200 };
 *     }, { service: 'checkout' });
 */

export { observe } from './handlers.ts';
export { capture, logger } from './logger.ts';
export { metrics } from './metrics.ts';
export { attributes, carry, headers } from './outgoing.ts';
export type { Options } from './handlers.ts';
export type { Fields } from './logger.ts';
export type { Dimensions } from './metrics.ts';
