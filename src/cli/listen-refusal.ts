/** Why an address cannot be listened on, and what to do. @param code of the system, such as `EADDRINUSE` */
export function listenRefusal(
  code: string,
  where: string,
): { readonly said: string; readonly advice: string } {
  switch (code) {
    case 'EADDRINUSE':
      return {
        said: `another program listens on ${where}`,
        advice: 'End it, or take another INKWIRE_PORT.',
      };
    case 'EACCES':
      return {
        said: `${where} may not be used by this user`,
        advice: 'Ports below 1024 need a right: take a higher INKWIRE_PORT.',
      };
    default:
      return {
        said: `${where} cannot be listened on (${code})`,
        advice: 'INKWIRE_HOST must be a name or an address of this machine.',
      };
  }
}
