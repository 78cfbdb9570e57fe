import '@xyflow/react/dist/base.css';
import {
  Background,
  BaseEdge,
  Controls,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  type ReactFlowInstance,
} from '@xyflow/react';
import { memo, useEffect, useMemo, useRef } from 'react';
import { edgeKey, type Graph, type Looks, looksAt, type NodeLook } from '../../model/graph';
import { layout, type Layout, NODE, type Place } from '../../model/layout';
import { isOver, statusAt } from '../../model/session';
import { Nothing } from '../../parts/said';
import { Dot, lookOf } from '../../parts/status';
import { CanvasGraph } from './canvas';
import { useFold, useMoment } from './place';

/** Beyond so many nodes the graph is drawn on a canvas. */
const NODES_MAX = 1_000;

type Drawn = Node<
  { label: string; kind: string; ref: string; look: NodeLook | undefined; isNews: boolean },
  'work'
>;

/** The workflow's graph with what its nodes did up to the version. */
export function GraphView() {
  const moment = useMoment();
  const { log, graph, at, search, go } = moment;
  const looks = useFold(moment, (version) => looksAt(log, version));
  const plan = useMemo(() => layout(graph.nodes.map((node) => node.id), graph.edges), [graph]);
  const { places } = plan;
  const chosen = search.task === undefined ? undefined : log.tasks.get(search.task)?.node;
  const choose = (node: string): void => {
    const task = looks.nodes.get(node)?.task;
    go({ task: task === undefined || node === chosen ? undefined : task });
  };
  if (graph.nodes.length === 0) return <Nothing title="The workflow has no nodes" />;
  if (graph.nodes.length > NODES_MAX) {
    return <CanvasGraph graph={graph} places={places} looks={looks} chosen={chosen} onChoose={choose} />;
  }
  const doesFollow = !moment.isNewest || !isOver(statusAt(log, at));
  return (
    <Flow
      graph={graph}
      plan={plan}
      looks={looks}
      at={at}
      doesFollow={doesFollow}
      chosen={chosen}
      onChoose={choose}
    />
  );
}

interface FlowProps {
  graph: Graph;
  plan: Layout;
  looks: Looks;
  at: number;
  /** Whether the first look goes to where the work is, not to the begin. */
  doesFollow: boolean;
  chosen: string | undefined;
  onChoose: (node: string) => void;
}

/** Below so much nodes could not be read: what does not fit is dragged into view. */
const ZOOM_MIN = 0.7;

function Flow({ graph, plan, looks, at, doesFollow, chosen, onChoose }: FlowProps) {
  const { places, routes, turned } = plan;
  const box = useRef<HTMLDivElement>(null);
  const flow = useRef<ReactFlowInstance<Drawn, Way> | null>(null);
  const before = useRef(new Map<string, Drawn>());
  const nodes = useMemo(() => {
    const kept = before.current;
    const next = new Map<string, Drawn>();
    for (const node of graph.nodes) {
      const look = looks.nodes.get(node.id);
      const isNews = look?.version === at;
      const was = kept.get(node.id);
      const isSame =
        was !== undefined &&
        was.selected === (chosen === node.id) &&
        was.data.isNews === isNews &&
        JSON.stringify(was.data.look) === JSON.stringify(look);
      const drawn: Drawn = isSame
        ? was
        : {
            id: node.id,
            type: 'work',
            position: places.get(node.id) ?? { x: 0, y: 0 },
            selected: chosen === node.id,
            width: NODE.width,
            height: NODE.height,
            ariaLabel: `${node.label}, ${node.kind}, ${look?.state ?? 'not begun'}`,
            data: {
              label: node.label,
              kind: node.kind,
              ref: node.ref === node.label ? '' : node.ref,
              look,
              isNews,
            },
          };
      next.set(node.id, drawn);
    }
    before.current = next;
    return [...next.values()];
  }, [graph, places, looks, at, chosen]);
  const edges = useMemo(
    () =>
      graph.edges.map((edge, index): Way => {
        const count = looks.flow.get(edgeKey(edge.from, edge.to)) ?? 0;
        const colour = count > 0 ? 'var(--accent)' : 'var(--firm)';
        const isCase = edge.kind === 'default' || edge.kind === 'case';
        return {
          id: `${edge.from}-${edge.to}-${index}`,
          type: 'way',
          source: edge.from,
          target: edge.to,
          data: {
            bends: routes.get(index) ?? [],
            isBack: turned.has(index),
            label: edge.kind === 'default' ? 'else' : (edge.label ?? ''),
            count,
          },
          animated: count > 0 && looks.nodes.get(edge.to)?.state === 'running',
          markerEnd: { type: MarkerType.ArrowClosed, color: colour, width: 14, height: 14 },
          style: {
            stroke: colour,
            strokeWidth: count > 0 ? 1.8 : 1,
            ...(isCase && count === 0 ? { strokeDasharray: '5 4' } : {}),
          },
        };
      }),
    [graph, looks, routes, turned],
  );
  const begin = (made: ReactFlowInstance<Drawn, Way>): void => {
    flow.current = made;
    const size = box.current?.getBoundingClientRect();
    if (size === undefined) return;
    const fits = Math.min((size.width - 48) / plan.width, (size.height - 48) / plan.height);
    const zoom = Math.min(1, Math.max(fits, ZOOM_MIN));
    const wide = plan.width * zoom;
    const high = plan.height * zoom;
    void made
      .setViewport({
      zoom,
      x: wide > size.width ? 24 : (size.width - wide) / 2,
      y: high > size.height ? 24 : (size.height - high) / 2,
    }).then(() => doesFollow && follow.current());
  };
  const news = graph.nodes.find((node) => looks.nodes.get(node.id)?.version === at)?.id;
  // What changes is followed, where it is out of sight.
  const follow = useRef(() => {});
  follow.current = () => {
    const place = news === undefined ? undefined : places.get(news);
    const size = box.current?.getBoundingClientRect();
    const made = flow.current;
    if (place === undefined || size === undefined || made === null) return;
    const { x, y, zoom } = made.getViewport();
    const left = place.x * zoom + x;
    const top = place.y * zoom + y;
    const right = left + NODE.width * zoom;
    const bottom = top + NODE.height * zoom;
    const isSeen = left > 0 && top > 0 && right < size.width && bottom < size.height;
    if (!isSeen) void made.setCenter(place.x + NODE.width / 2, place.y + NODE.height / 2, { zoom });
  };
  useEffect(() => follow.current(), [news]);
  return (
    <div ref={box} className="size-full" data-graph>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        edgeTypes={WAYS}
        onInit={begin}
        onNodeClick={(_, node) => onChoose(node.id)}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        elementsSelectable
        minZoom={0.05}
        maxZoom={2}
        proOptions={{ hideAttribution: true }}
        onKeyDown={(event) => {
          const id = (event.target as HTMLElement).closest('[data-id]')?.getAttribute('data-id');
          if (id && (event.key === 'Enter' || event.key === ' ')) onChoose(id);
        }}
        aria-label="The workflow's graph"
      >
        <Background color="var(--line)" gap={22} />
        <Controls showInteractive={false} position="bottom-right" />
      </ReactFlow>
    </div>
  );
}

type Way = Edge<{ bends: Place[]; isBack: boolean; label: string; count: number }, 'way'>;

const LABEL_CHARS = 26;
const ASIDE = 60;

/** An edge that goes by its bends, with its condition and how many tokens went over it. */
const WayEdge = memo(function WayEdge({ sourceX, sourceY, targetX, targetY, data, markerEnd, style }: EdgeProps<Way>) {
  const bends = data?.bends ?? [];
  const isBack = data?.isBack ?? false;
  // What leads back goes from the top of its node to the bottom of the other, beside what comes.
  const aside = isBack ? Math.sign((bends[0]?.x ?? sourceX + 1) - sourceX || 1) * ASIDE : 0;
  const begin = { x: sourceX + aside, y: isBack ? sourceY - NODE.height : sourceY };
  const end = { x: targetX + aside, y: isBack ? targetY + NODE.height : targetY };
  const points = [begin, ...bends, end];
  let path = `M${begin.x},${begin.y}`;
  for (let at = 1; at < points.length; at += 1) {
    const from = points[at - 1] as Place;
    const to = points[at] as Place;
    const half = (from.y + to.y) / 2;
    path += ` C${from.x},${half} ${to.x},${half} ${to.x},${to.y}`;
  }
  const label = data?.label ?? '';
  const most = isBack ? LABEL_CHARS / 2 : LABEL_CHARS;
  const short = label.length > most ? `${label.slice(0, most - 1)}…` : label;
  const text = [short, (data?.count ?? 0) > 1 ? `×${data?.count}` : ''].filter(Boolean).join(' ');
  const second = points[1] as Place;
  const far = isBack ? -NODE.gapY : NODE.gapY;
  const isNear = Math.abs(second.y - begin.y) <= NODE.gapY;
  const x = isBack ? second.x : (begin.x + second.x) / 2;
  const y = isNear ? (begin.y + second.y) / 2 : isBack ? second.y : begin.y + far / 2;
  return (
    <>
      <BaseEdge path={path} {...(markerEnd ? { markerEnd } : {})} {...(style ? { style } : {})} />
      {text && (
        <EdgeLabelRenderer>
          <span
            title={label}
            className="pointer-events-auto absolute rounded bg-canvas px-1 font-mono text-[0.625rem] leading-4 whitespace-nowrap text-soft"
            style={{ transform: `translate(${isBack ? '4px' : '-50%'}, -50%) translate(${x}px, ${y}px)` }}
          >
            {text}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

const WAYS = { way: WayEdge };

const BORDERS: Record<string, string> = {
  run: 'border-run',
  wait: 'border-wait',
  done: 'border-done',
  fail: 'border-fail',
  pause: 'border-pause',
  off: 'border-line',
};

const Work = memo(function Work({ data, selected }: NodeProps<Drawn>) {
  const { look, label, kind, ref, isNews } = data;
  const state = look?.state ?? 'idle';
  const items = look?.items;
  return (
    <div
      className={`flex h-full w-full flex-col justify-center rounded-lg border-2 bg-surface px-3 ${BORDERS[lookOf(state)]} ${
        look === undefined ? 'border-dashed' : ''
      } ${selected ? 'ring-2 ring-accent ring-offset-2 ring-offset-canvas' : ''} ${isNews ? 'shadow-[0_0_0_4px_var(--tint)]' : ''}`}
    >
      <Handle type="target" position={Position.Top} className="opacity-0" isConnectable={false} />
      <p className="flex items-center gap-1.5 text-sm font-medium">
        {look !== undefined && <Dot status={state} />}
        <span className="truncate">{label}</span>
        {look !== undefined && look.runs > 1 && (
          <span className="nums ml-auto text-xs text-soft">×{look.runs}</span>
        )}
      </p>
      <p className="truncate text-xs text-soft" title={look?.why || ref}>
        {look?.state === 'waiting' && look.why ? look.why : `${kind}${ref ? ` · ${ref.split(':').at(-1)}` : ''}`}
      </p>
      {items != null && items.total > 0 && (
        <span className="absolute inset-x-2 bottom-1 h-1 overflow-hidden rounded bg-sunken">
          <span
            className={`block h-full ${items.failed > 0 ? 'bg-fail' : 'bg-done'}`}
            style={{ width: `${(100 * (items.done + items.failed)) / items.total}%` }}
          />
        </span>
      )}
      <Handle type="source" position={Position.Bottom} className="opacity-0" isConnectable={false} />
    </div>
  );
});

const TYPES = { work: Work };
