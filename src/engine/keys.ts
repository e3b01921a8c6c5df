export interface Key {
  /** Public part, 8 characters. */
  readonly kid: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly disabledAt?: number;
  /** Lower-case hex SHA-256 of the whole key. */
  readonly hash: string;
}

export interface Keys {
  /** Adds or replaces by `kid`. */
  put(key: Key): Promise<void>;
  list(): Promise<readonly Key[]>;
  /**
   * Calls the listener with all keys, once now and again within a second of every change, also one made by another
   * process.
   */
  watch(listener: (keys: readonly Key[]) => void): Promise<() => void>;
}
