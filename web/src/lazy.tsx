// Pages come as chunks of their own; until one is there its place shows the fallback.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loading } from "./parts";

export function lazy<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [, shown] = useState(false);
    useEffect(() => { if (!loaded) void load().then((module) => { loaded = module.default; shown(true); }); }, []);
    const View = loaded;
    return View ? <View {...props} /> : <Loading />;
  };
}
