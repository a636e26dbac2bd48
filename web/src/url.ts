// What a page shows stands in its address, so that it can be sent to somebody and comes back.
import { signal } from "@preact/signals";

const query = signal(new URLSearchParams(location.search));
/** Call when the address changed by other means: a link, the browser's own buttons. */
export const readAddress = (): void => { query.value = new URLSearchParams(location.search); };

/** A value of the address and what sets it; the default stands for no value. */
export function useAddress(name: string, otherwise = ""): [string, (value: string) => void] {
  const set = (value: string): void => {
    const next = new URLSearchParams(location.search);
    if (value === otherwise) next.delete(name);
    else next.set(name, value);
    const text = next.toString();
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
    query.value = next;
  };
  return [query.value.get(name) ?? otherwise, set];
}
