import '@xyflow/react/dist/base.css';
import {
  applyNodeChanges,
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
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { layout, NODE, type Place } from '../../model/layout';

export interface DrawnNode {
  id: string;
  kind: string;
  ref: string;
  /** What is wrong with it, in words. */
  fault: string;
}

export interface DrawnEdge {
  from: string;
  to: string;
  kind: string;
  label: string;
}

/** What can be done on the canvas; without it, it is only to be looked at. */
export interface Doing {
  onConnect: (from: string, to: string) => void;
  onRemove: (nodes: string[], edges: number[]) => void;
}

interface Props {
  nodes: readonly DrawnNode[];
  edges: readonly DrawnEdge[];
  /** A node by its id, or an edge by its index. */
  chosen: string | number | undefined;
  onChoose: (chosen: string | number | undefined) => void;
  doing?: Doing;
}

type Way = Edge<{ bends: Place[]; isBack: boolean; label: string; title: string }, 'way'>;

/** With room for conditions between the layers. */
const SIZE = { ...NODE, gapY: 56 };

const FIT = { maxZoom: 1, padding: 0.15 };

type Drawn = Node<{ kind: string; ref: string; fault: string; isOpen: boolean }, 'step'>;

export function Canvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

const LABEL_CHARS = 28;
const DELETE_KEYS = ['Delete', 'Backspace'];

function Flow({ nodes, edges, chosen, onChoose, doing }: Props) {
  const flow = useReactFlow();
  const [moved, setMoved] = useState<ReadonlyMap<string, Place>>(new Map());
  const topology = JSON.stringify([nodes.map(({ id }) => id), edges.map(({ from, to }) => [from, to])]);
  // Only what leads where moves nodes: a word that is changed within one does not.
  const { places, routes, turned } = useMemo(() => {
    return layout(nodes.map((node) => node.id), edges, SIZE);
  }, [topology]);
  const isOpen = doing !== undefined;
  const made = useMemo(
    () =>
      nodes.map(({ id, kind, ref, fault }): Drawn => ({
        id,
        type: 'step',
        position: moved.get(id) ?? places.get(id) ?? { x: 0, y: 0 },
        selected: id === chosen,
        width: NODE.width,
        height: NODE.height,
        ariaLabel: `${id}, ${kind || 'of no kind'}${fault ? `, ${fault}` : ''}`,
        data: { kind, ref, fault, isOpen },
      })),
    [nodes, places, moved, chosen, isOpen],
  );
  const [shown, setShown] = useState(made);
  useEffect(() => setShown(made), [made]);
  const ways = useMemo(
    () =>
      edges.map(
        (edge, index): Way => ({
          id: String(index),
          type: 'way',
          data: {
            // Where somebody moved a node, the way that was found no longer leads there.
            bends: moved.has(edge.from) || moved.has(edge.to) ? [] : (routes.get(index) ?? []),
            isBack: turned.has(index),
            label: labelOf(edge),
            title: edge.label,
          },
          source: edge.from,
          target: edge.to,
          selected: index === chosen,
          ariaLabel: `${edge.from} to ${edge.to}${edge.label ? ` if ${edge.label}` : ''}`,
          style: {
            stroke: index === chosen ? 'var(--accent)' : 'var(--firm)',
            strokeWidth: index === chosen ? 2.5 : 1.3,
            ...(edge.kind === 'case' || edge.kind === 'default' ? { strokeDasharray: '5 4' } : {}),
          },
          markerEnd: { type: MarkerType.ArrowClosed, color: 'var(--firm)', width: 14, height: 14 },
        }),
      ),
    [edges, chosen, moved, routes, turned],
  );
  const count = useRef(nodes.length);
  useEffect(() => {
    // What was added is brought into view; else the eye stays where it is.
    if (count.current === nodes.length) return;
    count.current = nodes.length;
    const frame = requestAnimationFrame(() => void flow.fitView({ ...FIT, duration: 150 }));
    return () => cancelAnimationFrame(frame);
  }, [nodes.length, flow]);
  return (
    <div className="size-full" data-builder-canvas>
      <ReactFlow
        nodes={shown}
        edges={ways}
        nodeTypes={TYPES}
        edgeTypes={WAYS}
        fitView
        fitViewOptions={FIT}
        onNodesChange={(changes) => setShown((all) => applyNodeChanges(changes.filter((one) => one.type === 'position'), all))}
        onNodeDragStop={(_, __, dragged) =>
          setMoved((all) => new Map([...all, ...dragged.map((one): [string, Place] => [one.id, one.position])]))
        }
        onNodeClick={(_, node) => onChoose(node.id)}
        onEdgeClick={(_, edge) => onChoose(Number(edge.id))}
        onPaneClick={() => onChoose(undefined)}
        onConnect={({ source, target }) => doing?.onConnect(source, target)}
        onBeforeDelete={async ({ nodes: gone, edges: cut }) => {
          // The text is what is changed; what is drawn follows from it.
          if (gone.length > 0) doing?.onRemove(gone.map((one) => one.id), []);
          else doing?.onRemove([], cut.map((one) => Number(one.id)));
          return false;
        }}
        deleteKeyCode={isOpen ? DELETE_KEYS : null}
        nodesDraggable={isOpen}
        nodesConnectable={isOpen}
        edgesFocusable={isOpen}
        elementsSelectable
        onlyRenderVisibleElements={nodes.length > 300}
        minZoom={0.05}
        maxZoom={2}
        proOptions={{ hideAttribution: true }}
        onKeyDown={(event) => {
          const id = (event.target as HTMLElement).closest('.react-flow__node')?.getAttribute('data-id');
          if (id && (event.key === 'Enter' || event.key === ' ')) onChoose(id);
        }}
        aria-label="The workflow"
      >
        <Background color="var(--line)" gap={22} />
        <Controls showInteractive={false} position="bottom-right" />
      </ReactFlow>
    </div>
  );
}

function labelOf({ kind, label }: DrawnEdge): string {
  if (kind === 'default') return 'else';
  return label.length > LABEL_CHARS ? `${label.slice(0, LABEL_CHARS - 1)}…` : label;
}

/** How far beside its nodes an edge runs that leads back up. */
const ASIDE = 70;

/** An edge that goes by its bends, with its condition on it. */
const WayEdge = memo(function WayEdge({ sourceX, sourceY, targetX, targetY, data, markerEnd, style }: EdgeProps<Way>) {
  const { bends = [], isBack = false, label = '', title = '' } = data ?? {};
  const aside = isBack && bends.length === 0 ? ASIDE + NODE.width / 2 : 0;
  const beside = { x: sourceX + aside, y: (sourceY + targetY) / 2 };
  const points = [{ x: sourceX, y: sourceY }, ...(aside > 0 ? [beside] : bends), { x: targetX, y: targetY }];
  let path = `M${sourceX},${sourceY}`;
  for (let at = 1; at < points.length; at += 1) {
    const [from, to] = [points[at - 1] as Place, points[at] as Place];
    const half = (from.y + to.y) / 2;
    path += ` C${from.x},${half} ${to.x},${half} ${to.x},${to.y}`;
  }
  const next = points[1] as Place;
  const x = aside > 0 ? beside.x : (sourceX + next.x) / 2;
  const y = aside > 0 ? beside.y : sourceY + Math.min(Math.abs(next.y - sourceY), SIZE.gapY) / 2;
  return (
    <>
      <BaseEdge path={path} {...(markerEnd ? { markerEnd } : {})} {...(style ? { style } : {})} />
      {label && (
        <EdgeLabelRenderer>
          <span
            title={title}
            className="absolute rounded bg-canvas px-1 font-mono text-[0.625rem] leading-4 whitespace-nowrap text-soft"
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          >
            {label}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

const WAYS = { way: WayEdge };

const Step = memo(function Step({ id, data, selected }: NodeProps<Drawn>) {
  const { kind, ref, fault, isOpen } = data;
  const handle = isOpen ? 'size-2.5! rounded-full! border-0! bg-firm! hover:bg-accent!' : 'opacity-0';
  return (
    <div
      title={fault}
      className={`flex h-full w-full flex-col justify-center rounded-lg border-2 bg-surface px-3 ${
        fault ? 'border-fail' : selected ? 'border-accent' : 'border-line'
      } ${selected ? 'ring-2 ring-accent ring-offset-2 ring-offset-canvas' : ''}`}
    >
      <Handle type="target" position={Position.Top} className={handle} isConnectable={isOpen} />
      <p className="truncate text-sm font-medium">{id}</p>
      <p className="truncate text-xs text-soft">
        {kind || 'of no kind'}
        {ref && ` · ${ref}`}
      </p>
      <Handle type="source" position={Position.Bottom} className={handle} isConnectable={isOpen} />
    </div>
  );
});

const TYPES = { step: Step };
