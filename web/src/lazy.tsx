// Pages come as chunks of their own; until one is there its place shows the fallback.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazy(load: () => Promise<{ default: ComponentType }>): ComponentType {
  let loaded: ComponentType | null = null;
  return function Lazy() {
    const [, shown] = useState(false);
    useEffect(() => { if (!loaded) void load().then((module) => { loaded = module.default; shown(true); }); }, []);
    const View = loaded;
    return View ? <View /> : <div class="load" />;
  };
}
