"""many_arms.py - pipelines of many arms, for measuring what the passes cost."""

GUARD = "  let i = gid.x;\n  if i < len(b) {{ {} }}\n"
BODIES = {
    "chain of maps": lambda i: "b[i] = a[i] + 1u32;",
    "windows": lambda i: "b[i] = a[i] + a[i + 1u32] * 3u32 + a[i + 2u32];",
    "different maps": lambda i: f"b[i] = a[i] * {i + 3}u32 + 1u32;",
    "different windows": lambda i: f"b[i] = a[i] + a[i + {i % 7 + 1}u32] * 3u32 + a[i + 8u32] * {i}u32;",
    "different loops": lambda i: f"var s = 0u32; for k in 0u32..4u32 {{ if i >= k {{ s = s + a[i - k] * {i}u32; }} }} b[i] = s;",
    "any element": lambda i: f"b[i] = a[(a[i] + {i}u32) % len(a)];",
}
KINDS = {name: (body, "") for name, body in BODIES.items()}
KINDS["bounded windows"] = (BODIES["different windows"], " budget 1000000000;")


def make_pipeline(kind, n):
    """Arms in a row, each with what the one before it wrote."""
    body, budget = KINDS[kind]
    programs, temps, arms = [], [], []
    for i in range(n):
        text = GUARD.format(body(i))
        if not programs or text != programs[-1]:
            programs.append(text)
        to = "z" if i == n - 1 else f"t{i}"
        if i < n - 1:
            temps.append(f"  temp {to} : u32[len(x)];")
        arms.append(f"  arm a{i} = p_{len(programs) - 1}(a: {f't{i - 1}' if i else 'x'}, b: {to});")
    lines = [f"program p_{i} {{\n  workgroup 256;\n  dispatch len(b);\n  buffer a : read u32[];\n  buffer b : write u32[];\n{text}}}"
             for i, text in enumerate(programs)]
    lines += ["pipeline many(x : read u32[], z : read_write u32[]) {" + budget] + temps + arms + ["}"]
    return "\n".join(lines) + "\n"
