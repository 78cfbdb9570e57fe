import '@xyflow/react/dist/base.css';
import {
  applyNodeChanges,
  Background,
  Controls,
  type Edge,
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
  const { places } = useMemo(() => {
    const ids = nodes.map((node) => node.id);
    return layout(ids, edges.filter(({ from, to }) => ids.includes(from) && ids.includes(to)));
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
        (edge, index): Edge => ({
          id: String(index),
          source: edge.from,
          target: edge.to,
          selected: index === chosen,
          ariaLabel: `${edge.from} to ${edge.to}${edge.label ? ` if ${edge.label}` : ''}`,
          ...labelOf(edge),
          style: {
            stroke: index === chosen ? 'var(--accent)' : 'var(--firm)',
            strokeWidth: index === chosen ? 2.5 : 1.3,
            ...(edge.kind === 'case' || edge.kind === 'default' ? { strokeDasharray: '5 4' } : {}),
          },
          labelStyle: { fill: 'var(--soft)', fontSize: 10, fontFamily: 'var(--font-mono)' },
          labelBgStyle: { fill: 'var(--canvas)' },
          markerEnd: { type: MarkerType.ArrowClosed, color: 'var(--firm)', width: 14, height: 14 },
        }),
      ),
    [edges, chosen],
  );
  const isFirst = useRef(true);
  useEffect(() => {
    // What was added is brought into view; else the eye stays where it is.
    const clock = setTimeout(() => void flow.fitView({ maxZoom: 1, padding: 0.15, duration: isFirst.current ? 0 : 150 }), 30);
    isFirst.current = false;
    return () => clearTimeout(clock);
  }, [nodes.length, flow]);
  return (
    <div className="size-full" data-builder-canvas>
      <ReactFlow
        nodes={shown}
        edges={ways}
        nodeTypes={TYPES}
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

function labelOf({ kind, label }: DrawnEdge): { label?: string } {
  if (kind === 'default') return { label: 'else' };
  if (label === '') return {};
  return { label: label.length > LABEL_CHARS ? `${label.slice(0, LABEL_CHARS - 1)}…` : label };
}

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
