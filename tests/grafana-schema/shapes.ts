/**
 * What our dashboards may be: Grafana's types, with the panel's options and queries of the kinds that we use in place of
 * its "anything". Enums are written as JSON has them. Options have defaults, so that they may be left out.
 */
import type { Dashboard, FieldConfig, Panel } from '@grafana/schema';
import type * as bars from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as cloudwatch from '@grafana/schema/dist/esm/raw/composable/cloudwatch/dataquery/x/CloudWatchDataQuery_types.gen';
import type * as logs from '@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as series from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Plain<T> = T extends string
  ? `${T}`
  : T extends number
    ? number extends T
      ? T
      : `${T}` extends `${infer N extends number}`
        ? N
        : never
    : T extends readonly (infer One)[]
      ? Plain<One>[]
      : T extends object
        ? { [Key in keyof T]: Plain<T[Key]> }
        : T;

type Source = { type: 'cloudwatch'; uid: string };
type Asked<Query, More> = Omit<Plain<Query>, keyof More | 'datasource'> & More & { datasource: Source };
export type Query =
  | Asked<cloudwatch.CloudWatchMetricsQuery, { queryMode: 'Metrics'; metricEditorMode: 0 }>
  | Asked<Omit<cloudwatch.CloudWatchMetricsQuery, 'namespace'>, { queryMode: 'Metrics'; metricEditorMode: 1 }>
  | Asked<cloudwatch.CloudWatchLogsQuery, { queryMode: 'Logs' }>;

type Shown<Kind extends string, Options> = Omit<Plain<Panel>, 'type' | 'options' | 'targets' | 'fieldConfig' | 'datasource'> & {
  type: Kind;
  datasource: Source;
  options: Partial<Plain<Options>>;
  targets: Query[];
  fieldConfig: { defaults: Omit<Plain<FieldConfig>, 'custom'>; overrides: never[] };
};
export type OurPanel =
  | Shown<'timeseries', series.Options>
  | Shown<'stat', stat.Options>
  | Shown<'bargauge', bars.Options>
  | Shown<'table', table.Options>
  | Shown<'logs', logs.Options>;

export type OurDashboard = Omit<Plain<Dashboard>, 'panels'> & { panels: OurPanel[] };
