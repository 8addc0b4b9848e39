// Generates trees of boxes, solves each with Yoga and with solve_trees, and compares: half a pixel is allowed.
//
//     node against_yoga.mjs SOLVE_TREES YOGA [SEED]
//
// Says "skip" where Yoga is not installed (npm install in web/).
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const TREES = 1200, ALLOWED = 0.5, CANVAS = [1280, 720];
const [solver, yogaPath, seedText] = process.argv.slice(2);

if (!existsSync(yogaPath)) {
    console.log("1..0 # SKIP yoga-layout is not installed");
    process.exit(0);
}
const { default: Yoga, ...words } = await import(yogaPath);
const { Align, Direction, Edge, FlexDirection, Gutter, Justify, PositionType, Wrap } = words;

// A small generator of our own, so that the same seed gives the same trees everywhere.
let state = Number(seedText ?? 20260301);
function random() {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const whole = (low, high) => low + Math.floor(random() * (high - low + 1));
const maybe = (share) => random() < share;
const pick = (list) => list[whole(0, list.length - 1)];

// `lined`: lines break somewhere around `around`.
function tree(depth, root = false, around = {}, lined = false) {
    const style = { "flex-direction": pick(["row", "column"]) };
    if (root) {
        Object.assign(style, { position: "absolute", inset: "0px auto auto 0px", width: `${whole(300, 1200)}px`,
                               height: `${whole(200, 700)}px` });
    } else {
        // Of a size that is given: where content decides it, CSS takes a percentage as auto, Yoga of the room there is;
        // and where lines break, Yoga takes it of the size before flexing.
        if (maybe(0.6))
            style.width = around.width && !around["flex-wrap"] && maybe(0.3) ? `${whole(10, 80)}%` : `${whole(10, 300)}px`;
        if (maybe(0.6))
            style.height = around.height && !around["flex-wrap"] && maybe(0.3) ? `${whole(10, 80)}%` : `${whole(10, 200)}px`;
        // Not with both sizes given (Yoga then overrides one of them, CSS ignores the ratio), nor with none (Yoga then
        // ignores the ratio).
        const rated = maybe(0.3) && !style.width !== !style.height;
        if (rated)
            style["aspect-ratio"] = pick(["1/1", "16/9", "9/16", "4/3"]);
        // Nor where it grows or shrinks: Yoga then takes the other size from the ratio, though it is given or stretched.
        // Nor in a box of no given size: where something grows or shrinks, Yoga makes some of those as large as there is
        // room, CSS as large as what they hold.
        const grow = !rated && maybe(0.3) ? whole(1, 3) : 0;
        const loose = !around[around["flex-direction"] === "row" ? "width" : "height"];
        style["flex-grow"] = String(loose ? 0 : grow);
        // Nor both in lines that break: Yoga breaks them as if what grows and shrinks had no size at all.
        const shrinks = !rated && maybe(0.6), both = (lined || around["flex-wrap"]) && style["flex-grow"] !== "0";
        style["flex-shrink"] = String(shrinks && !both && !loose ? 1 : 0);
        const along = around["flex-direction"] === "row" ? "width" : "height";
        const bends = Number(around["flex-grow"]) + Number(around["flex-shrink"]) > 0;       // Yoga: of its size before that
        if (!rated && maybe(0.15))
            style["flex-basis"] = around[along] && !around["flex-wrap"] && !bends && maybe(0.3) ? `${whole(10, 60)}%` : `${whole(50, 200)}px`;
        // A row of baselines is as high as its items in Yoga, which shows with any other alignment in it.
        if (maybe(0.2) && around["align-items"] !== "baseline")
            style["align-self"] = pick(["flex-start", "flex-end", "center", ...(around["flex-wrap"] ? [] : ["stretch"])]);
        // In px only: percentages of limits are of the container's container in Yoga. Nor with a ratio, see above. And
        // only beyond a size that flexes: where a limit changes that, Yoga flexes from the changed size, CSS from the
        // given one; and a box of no given size, Yoga makes as large as what it holds would be without its limits.
        const flexes = Number(style["flex-grow"]) + Number(style["flex-shrink"]) > 0 || !around[along];
        for (const [size, low, high] of [["width", "min-width", "max-width"], ["height", "min-height", "max-height"]]) {
            const percent = style[size]?.endsWith("%") || style["flex-basis"];
            const given = style[size] ? parseFloat(style[size]) : 60;
            if (!rated && !(flexes && percent) && maybe(0.2))
                style[low] = `${whole(5, flexes ? given : 200)}px`;
            // Yoga makes what content decides as large as its limit in some containers.
            if (style[size] && !rated && !(flexes && percent) && maybe(0.3))
                style[high] = `${Math.max(flexes ? given : 0, 200) + whole(50, 200)}px`;
        }
        // Yoga leaves margins across out where it places lines of several.
        if (!around["flex-wrap"] && maybe(0.3))
            style.margin = [0, 0, 0, 0].map(() => `${whole(0, 12)}px`).join(" ");
        if (maybe(0.1)) {
            delete style["aspect-ratio"];
            Object.assign(style, { position: "absolute", width: `${whole(10, 300)}px`, height: `${whole(10, 200)}px` });
            style.inset = pick(["A auto auto B", "auto A B auto", "auto auto A B", "A B auto auto"])
                .replace("A", `${whole(0, 40)}px`).replace("B", `${whole(0, 40)}px`);
        }
    }
    style["justify-content"] = pick(["flex-start", "flex-end", "center", "space-between", "space-around", "space-evenly"]);
    style["align-items"] = pick(["flex-start", "flex-end", "center", "stretch",
                                 ...(depth === 1 ? ["baseline"] : [])]);     // of boxes in boxes, Yoga takes another one
    if (maybe(0.4))
        style.gap = maybe(0.3) ? `${whole(1, 20)}px ${whole(1, 20)}px` : `${whole(1, 20)}px`;
    // Where content decides how long it is, Yoga breaks its lines by the room around it; where it flexes, by its size
    // before that.
    const long = style[style["flex-direction"] === "row" ? "width" : "height"];
    const fixed = style["flex-grow"] === "0" && style["flex-shrink"] === "0" && long?.endsWith("px") && around.width && around.height;
    if (maybe(root ? 0.3 : 0.7) && (root || fixed)) {
        // What is stretched gets no size in a line of several in Yoga.
        style["align-items"] = pick(["flex-start", "flex-end", "center"]);
        style["flex-wrap"] = "wrap";
        style["align-content"] = pick(["flex-start", "flex-end", "center", "space-between", "space-around", "space-evenly",
                                       "stretch"]);
    }
    if (maybe(0.4) && !style["aspect-ratio"])    // that is wider than the box: Yoga takes the ratio of the smaller one
        style.padding = [0, 0, 0, 0].map(() => `${whole(0, 20)}px`).join(" ");
    const most = style["flex-wrap"] ? 7 : 4;
    const children = depth > 0 ? Array.from({ length: whole(root ? 1 : 0, most) }, () => tree(depth - 1, false, style, lined || Boolean(around["flex-wrap"]))) : [];
    if (!children.length && !style.width && !style.height)       // around what has no size, Yoga leaves all the room there is
        Object.assign(style, { width: "60px", height: "60px" });
    // Nor around what has no size across: a box that holds only such things Yoga makes as high as the row that it is in, though it is
    // not stretched; CSS as high as what it holds.
    const across = around["flex-direction"] === "row" ? "height" : "width", aligned = style["align-self"] ?? around["align-items"];
    if (!root && !children.length && !style[across] && !style["aspect-ratio"] && !style.padding && aligned !== "stretch")
        style[across] = "60px";
    return root ? { style, children, rtl: maybe(0.3) } : { style, children };
}

const SIDES = [Edge.Top, Edge.Right, Edge.Bottom, Edge.Left];
const ALIGNS = { "flex-start": Align.FlexStart, "flex-end": Align.FlexEnd, center: Align.Center, stretch: Align.Stretch,
                 baseline: Align.Baseline, "space-between": Align.SpaceBetween, "space-around": Align.SpaceAround,
                 "space-evenly": Align.SpaceEvenly };
const JUSTIFIES = { "flex-start": Justify.FlexStart, "flex-end": Justify.FlexEnd, center: Justify.Center,
                    "space-between": Justify.SpaceBetween, "space-around": Justify.SpaceAround,
                    "space-evenly": Justify.SpaceEvenly };

function length(text) {
    return text.endsWith("%") ? text : parseFloat(text);
}

function toYoga(node, config) {
    const y = Yoga.Node.create(config), s = node.style;
    y.setFlexDirection(s["flex-direction"] === "row" ? FlexDirection.Row : FlexDirection.Column);
    y.setJustifyContent(JUSTIFIES[s["justify-content"]]);
    y.setAlignItems(ALIGNS[s["align-items"]]);
    if (s["align-self"])
        y.setAlignSelf(ALIGNS[s["align-self"]]);
    for (const [word, set] of [["width", "setWidth"], ["height", "setHeight"], ["min-width", "setMinWidth"],
                               ["max-width", "setMaxWidth"], ["min-height", "setMinHeight"], ["max-height", "setMaxHeight"],
                               ["flex-basis", "setFlexBasis"]]) {
        if (s[word])
            y[set](length(s[word]));
    }
    y.setFlexGrow(Number(s["flex-grow"] ?? 0));
    y.setFlexShrink(Number(s["flex-shrink"] ?? 1));
    if (s.gap) {
        const [rows, columns] = s.gap.split(" ").map(parseFloat);
        y.setGap(Gutter.Row, rows);
        y.setGap(Gutter.Column, columns ?? rows);
    }
    if (s["flex-wrap"]) {
        y.setFlexWrap(Wrap.Wrap);
        y.setAlignContent(ALIGNS[s["align-content"]]);
    }
    if (s["aspect-ratio"]) {
        const [width, height] = s["aspect-ratio"].split("/").map(Number);
        y.setAspectRatio(width / height);
    }
    s.padding?.split(" ").forEach((text, i) => y.setPadding(SIDES[i], parseFloat(text)));
    s.margin?.split(" ").forEach((text, i) => y.setMargin(SIDES[i], parseFloat(text)));
    if (s.position === "absolute") {
        y.setPositionType(PositionType.Absolute);
        s.inset.split(" ").forEach((text, i) => text !== "auto" && y.setPosition(SIDES[i], parseFloat(text)));
    }
    node.children.forEach((child, i) => y.insertChild(toYoga(child, config), i));
    return y;
}

function boxesOf(y, x0, y0, into) {
    const { left, top, width, height } = y.getComputedLayout();
    into.push(x0 + left, y0 + top, width, height);
    for (let i = 0; i < y.getChildCount(); i++)
        boxesOf(y.getChild(i), x0 + left, y0 + top, into);
    return into;
}

function solveWithYoga(node) {
    const config = Yoga.Config.create();
    config.setPointScaleFactor(0);       // no rounding
    const canvas = Yoga.Node.create(config);
    canvas.setWidth(CANVAS[0]);
    canvas.setHeight(CANVAS[1]);
    canvas.setAlignItems(Align.FlexStart);
    const root = toYoga(node, config);
    root.setPositionType(PositionType.Relative);     // below an absolute one, Yoga takes percentages of the canvas
    root.setFlexShrink(0);
    canvas.insertChild(root, 0);
    canvas.calculateLayout(CANVAS[0], CANVAS[1], node.rtl ? Direction.RTL : Direction.LTR);
    const at = root.getComputedLayout();
    const boxes = fits(root) ? boxesOf(root, -at.left, -at.top, []) : null;
    canvas.freeRecursive();
    return boxes;
}

// What does not fit into its box overflows in Yoga, and is held to the room there is here: such trees are left out.
function fits(y) {
    const { width, height } = y.getComputedLayout();
    for (let i = 0; i < y.getChildCount(); i++) {
        const child = y.getChild(i), at = child.getComputedLayout();
        const absolute = child.getPositionType() === PositionType.Absolute;
        const room = (edge) => (absolute ? 0 : y.getComputedPadding(edge) + child.getComputedMargin(edge)) - 0.05;
        if (at.left < room(Edge.Left) || at.top < room(Edge.Top) ||
            at.left + at.width + room(Edge.Right) > width || at.top + at.height + room(Edge.Bottom) > height ||
            !fits(child))
            return false;
    }
    return true;
}

const trees = [], solved = [];
while (trees.length < TREES) {
    const node = tree(3, true), boxes = solveWithYoga(node);
    if (boxes) {
        trees.push(node);
        solved.push(boxes);
    }
}
const run = spawnSync(solver, [], { input: trees.map((t) => JSON.stringify(t)).join("\n") + "\n", maxBuffer: 1 << 28 });
if (run.status !== 0) {
    console.log(`1..1\nnot ok 1 - solve_trees ended with ${run.status}\n# ${run.stderr}`);
    process.exit(1);
}
const ours = run.stdout.toString().trim().split("\n").map((line) => JSON.parse(line));
let different = 0, nodes = 0, shown = 0;
trees.forEach((node, i) => {
    const theirs = solved[i];
    nodes += theirs.length / 4;
    const at = theirs.findIndex((value, k) => !(Math.abs(value - ours[i][k]) <= ALLOWED));
    if (at < 0 && theirs.length === ours[i].length)
        return;
    different++;
    if (shown++ < Number(process.env.SHOW ?? 3))
        console.log(`# tree ${i}, box ${at >> 2}: ${theirs.slice(at & ~3, (at & ~3) + 4)} there, ` +
                    `${ours[i].slice(at & ~3, (at & ~3) + 4)} here: ${JSON.stringify(node)}`);
});
console.log("1..1");
console.log(`${different ? "not " : ""}ok 1 - ${TREES} trees of ${nodes} boxes stand as in Yoga${different ? `, but for ${different}` : ""}`);
process.exit(different ? 1 : 0);
