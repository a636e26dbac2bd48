// The command palette and the map of keys: a modal dialog, which holds the focus by itself.
import { useEffect, useRef, useState } from "preact/hooks";

export interface Command { name: string; keys: string; run: () => void }

/** Commands whose name has the letters typed, in their order. */
export function matching(commands: Command[], typed: string): Command[] {
  const letters = [...typed.toLowerCase().replaceAll(" ", "")];
  return commands.filter(({ name }) => {
    let from = 0;
    return letters.every((letter) => (from = name.toLowerCase().indexOf(letter, from) + 1) > 0);
  });
}
const Keys = ({ keys }: { keys: string }) => <span>{keys.split(" ").filter(Boolean).map((key) => <kbd key={key}>{key}</kbd>)}</span>;

export default function Palette({ mode, commands, close }: { mode: string; commands: Command[]; close: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => { box.current?.showModal(); }, []);
  const found = mode === "keys" ? commands.filter((one) => one.keys) : matching(commands, typed);
  const run = (command: Command | undefined): void => { close(); command?.run(); };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && mode !== "keys") { event.preventDefault(); run(found[at]); }
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by) { event.preventDefault(); setAt(Math.min(Math.max(at + by, 0), found.length - 1)); }
  };
  return (
    <dialog class="pal" ref={box} aria-label={mode === "keys" ? "Keys" : "Commands"} onClose={close} onKeyDown={onKey} onClick={(e) => { if (e.target === box.current) close(); }}>
      {mode === "keys" ? <h2>Keys</h2> : <input autofocus aria-label="Command" placeholder="Type a command" value={typed} onInput={(e) => { setTyped(e.currentTarget.value); setAt(0); }} />}
      <ul>{found.map((command, i) => <li key={command.name}><button class={i === at && mode !== "keys" ? "on" : ""} onClick={() => run(command)}><span>{command.name}</span><Keys keys={command.keys} /></button></li>)}
        {found.length === 0 && <li class="empty">No command has these letters.</li>}</ul>
    </dialog>
  );
}
