/** The page that a domain opens with. */
export const addressOf = (domain: string): string => `https://${domain}/`;
