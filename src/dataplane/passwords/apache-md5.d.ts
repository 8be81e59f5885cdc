declare module 'apache-md5' {
  /** @param password each character is one byte @param salt a whole hash, of which the salt is read */
  function md5(password: string, salt: string): string;
  export default md5;
}
